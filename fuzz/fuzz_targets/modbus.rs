//! Whatever a device on Modbus answers, in whatever pieces: never a panic, and what is taken for an answer has all that was
//! asked for. The input is six bytes (how it is framed and what is asked; in which pieces it comes) and what comes.

#![no_main]

use hearthd::{
    links::modbus::{
        frame::{Found, Framing},
        pdu::{Answer, Request},
    },
    model::{Bank, ModbusNumber},
};
use libfuzzer_sys::fuzz_target;

const BANKS: [Bank; 4] = [Bank::Coil, Bank::DiscreteInput, Bank::Register, Bank::InputRegister];

fuzz_target!(|bytes: &[u8]| {
    let Some((&[how, unit, high, low, count, piece], said)) = bytes.split_first_chunk() else { return };
    let framing = if how & 1 == 0 { Framing::Rtu } else { Framing::Tcp };
    let address = u16::from_be_bytes([high, low]);
    let as_several = how & 8 != 0;
    let request = match how >> 1 & 3 {
        0 => Request::WriteCoil { address, on: count & 1 == 1, as_several },
        1 => Request::WriteRegister { address, value: u16::from(count), as_several },
        _ => Request::Read { bank: BANKS[usize::from(how >> 4 & 3)], address, count: u16::from(count % 125) + 1 },
    };
    let number = 1;
    let (mut came, mut taken) = (Vec::new(), 0);
    for piece in said.chunks(usize::from(piece).max(1)) {
        came.extend_from_slice(piece);
        let before = came.len();
        match framing.find(number, unit, request, &mut came) {
            Found::Answer(Answer::Read(values)) => {
                let Request::Read { bank, count, .. } = request else { panic!("nothing was to be read") };
                assert!(values.len() == usize::from(count));
                assert!(!bank.is_of_bits() || values.iter().all(|bit| *bit <= 1));
                for (_, number) in ModbusNumber::WORDS {
                    assert!(number.read(&values, how & 1 == 0).is_none_or(f64::is_finite));
                }
                taken += 1;
            }
            Found::Answer(Answer::Written) => assert!(!matches!(request, Request::Read { .. })),
            Found::Answer(Answer::Exception(refusal)) => assert!(!refusal.to_string().is_empty()),
            Found::Corrupt => assert!(framing == Framing::Rtu),
            Found::Broken => return,
            Found::NotYet => {}
        }
        assert!(came.len() <= before, "nothing is made up");
    }
    assert!(taken <= said.len());
});

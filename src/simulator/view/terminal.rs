//! The thin part that owns the terminal: an alternate screen without a cursor, given back however the program ends.

use crossterm::{
    cursor::{Hide, MoveTo, Show},
    event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
    execute, queue,
    style::Print,
    terminal::{
        self, BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate,
        EnterAlternateScreen, LeaveAlternateScreen,
    },
};
use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc, Once,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What somebody wishes by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `q`, Escape or Ctrl-C.
    Quit,
    /// `m`: somebody walks through the hall.
    Motion,
    /// `1` to `9`: switch this output (from 0, in the order of the file) by hand.
    Toggle(usize),
    /// `a`: give all outputs back to the rules.
    Auto,
    /// Space or `p`: time stands still, or runs on.
    Pause,
    /// `+`: twice as fast.
    Faster,
    /// `-`: half as fast.
    Slower,
    /// `?` or `h`: what the keys do.
    Help,
    /// Arrows and page keys: so many rows down, or up where it is negative.
    Scroll(isize),
    /// Home: back to the first row.
    Top,
    /// The terminal has another size: draw again.
    Resized,
}

/// The rows of a page key.
const PAGE: isize = 5;

/// The screen, from [`Terminal::enter`] until it is dropped.
pub struct Terminal {
    /// What each line of the screen shows; empty: nothing is known of it.
    shown: Vec<String>,
    size: (u16, u16),
    open: Arc<AtomicBool>,
}

/// Whether the screen is ours, for the panic hook.
static ENTERED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

impl Terminal {
    /// Whether standard output is a terminal that can show a live view.
    pub fn is_available() -> bool {
        io::stdout().is_terminal()
            && std::env::var("TERM").is_ok_and(|terminal| terminal != "dumb" && !terminal.is_empty())
    }

    /// Takes the screen. It is given back when this is dropped, and before the message of a panic is printed.
    ///
    /// # Errors
    /// When the terminal refuses; it is then as it was before.
    pub fn enter() -> io::Result<Terminal> {
        HOOK.call_once(|| {
            let print = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore();
                print(panic);
            }));
        });
        ENTERED.store(true, Ordering::SeqCst);
        let screen = Terminal { shown: Vec::new(), size: (0, 0), open: Arc::new(AtomicBool::new(true)) };
        terminal::enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, Hide, DisableLineWrap, Clear(ClearType::All))?;
        Ok(screen)
    }

    /// Columns and rows, now.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Shows `lines` from the top, writing only those that differ from what is there.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        if !ENTERED.load(Ordering::SeqCst) {
            // A panic elsewhere has given the screen back to print its message.
            return Ok(());
        }
        let size = self.size()?;
        // Written in one piece, so that no half of it is seen.
        let mut out = Vec::new();
        queue!(out, BeginSynchronizedUpdate)?;
        if size != self.size {
            // A terminal moves its text about when its size changes.
            queue!(out, Clear(ClearType::All))?;
            (self.size, self.shown) = (size, Vec::new());
        }
        for row in 0..lines.len().max(self.shown.len()) {
            let line = lines.get(row).map_or("", String::as_str);
            let there = self.shown.get(row).map_or("", String::as_str);
            if line != there && row < usize::from(size.1) {
                // Cleared first: behind a full line the cursor still stands on its last cell.
                queue!(out, MoveTo(0, row as u16), Clear(ClearType::CurrentLine), Print(line))?;
            }
        }
        queue!(out, EndSynchronizedUpdate)?;
        self.shown = lines.to_vec();
        let mut screen = io::stdout().lock();
        screen.write_all(&out)?;
        screen.flush()
    }

    /// Watches the keyboard on a thread of its own and hands over what is pressed, until `send` returns false or the
    /// screen is given back.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn watch_keys(&self, mut send: impl FnMut(Key) -> bool + Send + 'static) -> io::Result<()> {
        let open = self.open.clone();
        let watch = move || {
            while open.load(Ordering::SeqCst) {
                // An error means that there is no keyboard (any more): the view goes on without.
                match event::poll(Duration::from_millis(200)).and_then(|ready| ready.then(event::read).transpose()) {
                    Ok(Some(event)) if key(&event).is_some_and(|key| !send(key)) => return,
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
        };
        std::thread::Builder::new().name("keyboard".into()).spawn(watch).map(|_| ())
    }
}

/// Gives the screen back.
impl Drop for Terminal {
    fn drop(&mut self) {
        self.open.store(false, Ordering::SeqCst);
        restore();
    }
}

fn restore() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that is gone.
        let _ = execute!(io::stdout(), EndSynchronizedUpdate, EnableLineWrap, Show, LeaveAlternateScreen);
        let _ = terminal::disable_raw_mode();
    }
}

fn key(event: &Event) -> Option<Key> {
    let Event::Key(pressed) = event else {
        return matches!(event, Event::Resize(..)).then_some(Key::Resized);
    };
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    match pressed.code {
        KeyCode::Char('c' | 'd') if pressed.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Some(Key::Quit),
        KeyCode::Char('m' | 'M') => Some(Key::Motion),
        KeyCode::Char('a' | 'A') => Some(Key::Auto),
        KeyCode::Char(' ' | 'p' | 'P') => Some(Key::Pause),
        KeyCode::Char('+' | '=') => Some(Key::Faster),
        KeyCode::Char('-' | '_') => Some(Key::Slower),
        KeyCode::Char('?' | 'h' | 'H') | KeyCode::F(1) => Some(Key::Help),
        KeyCode::Down | KeyCode::Char('j') => Some(Key::Scroll(1)),
        KeyCode::Up | KeyCode::Char('k') => Some(Key::Scroll(-1)),
        KeyCode::PageDown => Some(Key::Scroll(PAGE)),
        KeyCode::PageUp => Some(Key::Scroll(-PAGE)),
        KeyCode::Home => Some(Key::Top),
        KeyCode::Char(digit @ '1'..='9') => Some(Key::Toggle(digit as usize - '1' as usize)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    #[test]
    fn keys_mean_what_the_help_says() {
        let press = |c, modifiers| key(&Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers)));
        assert_eq!(press('q', KeyModifiers::NONE), Some(Key::Quit));
        assert_eq!(press('c', KeyModifiers::CONTROL), Some(Key::Quit));
        assert_eq!(press('c', KeyModifiers::NONE), None);
        assert_eq!(press('m', KeyModifiers::NONE), Some(Key::Motion));
        assert_eq!(press('a', KeyModifiers::NONE), Some(Key::Auto));
        assert_eq!(press('3', KeyModifiers::NONE), Some(Key::Toggle(2)));
        assert_eq!(press('0', KeyModifiers::NONE), None);
        assert_eq!(press(' ', KeyModifiers::NONE), Some(Key::Pause));
        assert_eq!(press('+', KeyModifiers::NONE), Some(Key::Faster));
        assert_eq!(press('?', KeyModifiers::SHIFT), Some(Key::Help));
        let down = Event::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE));
        assert_eq!(key(&down), Some(Key::Scroll(1)));
        assert_eq!(key(&Event::Resize(80, 24)), Some(Key::Resized));
    }
}

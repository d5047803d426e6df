// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * /dev/gpiomem of a Raspberry Pi 3: the page of its GPIO registers, and nothing else. The kernel of Raspberry Pi OS has
 * such a driver; Debian's has none. The class has the name of that driver's: rules of udev go by it.
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>

#define NAME "bcm2835-gpiomem"
#define REGISTERS 0x3f200000UL

static int gpiomem_mmap(struct file *file, struct vm_area_struct *area)
{
	if (area->vm_pgoff || area->vm_end - area->vm_start != PAGE_SIZE)
		return -EINVAL;
	area->vm_page_prot = pgprot_noncached(area->vm_page_prot);
	return io_remap_pfn_range(area, area->vm_start, REGISTERS >> PAGE_SHIFT, PAGE_SIZE, area->vm_page_prot);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.mmap = gpiomem_mmap,
};

/* It is never unloaded, and a guest in which this fails has ended anyway. */
static int __init gpiomem_init(void)
{
	int major = register_chrdev(0, NAME, &operations);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	struct class *class = class_create(THIS_MODULE, NAME);
#else
	struct class *class = class_create(NAME);
#endif

	if (major < 0 || IS_ERR(class))
		return -EBUSY;
	return PTR_ERR_OR_ZERO(device_create(class, NULL, MKDEV(major, 0), NULL, "gpiomem"));
}

module_init(gpiomem_init);
MODULE_DESCRIPTION("GPIO registers of a Raspberry Pi 3 for user space");
MODULE_LICENSE("Dual MIT/GPL");

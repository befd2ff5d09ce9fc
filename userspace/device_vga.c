// SPDX-License-Identifier: GPL-2.0-only
/*
 * VGA registers in text mode: stored and read back, so that a guest that saves
 * and restores them finds what it wrote. Called through the port bus, and by the
 * screen for the cursor.
 */
#include <string.h>

#include "device_vga.h"

#define PORT_ATTRIBUTE	     0x3c0
#define PORT_ATTRIBUTE_READ  0x3c1
#define PORT_MISC_WRITE	     0x3c2
#define PORT_SEQUENCER_INDEX 0x3c4
#define PORT_SEQUENCER	     0x3c5
#define PORT_MISC_READ	     0x3cc
#define PORT_GRAPHICS_INDEX  0x3ce
#define PORT_GRAPHICS	     0x3cf
#define PORT_CRTC_INDEX	     0x3d4
#define PORT_CRTC	     0x3d5
#define PORT_STATUS	     0x3da

#define CRTC_CURSOR_START    0x0a
#define CRTC_CURSOR_END	     0x0b
#define CRTC_START_HIGH	     0x0c
#define CRTC_START_LOW	     0x0d
#define CRTC_CURSOR_HIGH     0x0e
#define CRTC_CURSOR_LOW	     0x0f

#define CURSOR_OFF	     0x20
#define CURSOR_SCAN_LINE     0x1f
#define STATUS_BLANK	     0x01
#define STATUS_RETRACE	     0x08
#define MISC_COLOUR	     0x67

#define CELLS_SHOWN	     (80 * 25)
#define TEXT_CELLS	     0x4000

/* A frame lasts 14 ms at 70 Hz, its vertical retrace about 1 ms of that. */
#define FRAME_NS   14268000u
#define RETRACE_NS 1000000u

static uint8_t read_status(struct vga *vga)
{
	uint64_t now = vga->clock.monotonic(vga->clock.context);

	/* Reading it also makes the attribute port expect an index. */
	vga->attribute_data_next = false;
	return now % FRAME_NS < RETRACE_NS ? STATUS_RETRACE | STATUS_BLANK : 0;
}

static void write_attribute(struct vga *vga, uint8_t value)
{
	if (vga->attribute_data_next)
		vga->attribute[vga->attribute_index % sizeof(vga->attribute)] = value;
	else
		vga->attribute_index = value;
	vga->attribute_data_next = !vga->attribute_data_next;
}

static uint32_t vga_read(void *device, uint16_t port, unsigned int size)
{
	struct vga *vga = device;

	(void)size;
	switch (port) {
	case PORT_ATTRIBUTE: return vga->attribute_index;
	case PORT_ATTRIBUTE_READ:
		return vga->attribute[vga->attribute_index % sizeof(vga->attribute)];
	case PORT_SEQUENCER_INDEX: return vga->sequencer_index;
	case PORT_SEQUENCER: return vga->sequencer[vga->sequencer_index];
	case PORT_MISC_READ: return vga->miscellaneous;
	case PORT_GRAPHICS_INDEX: return vga->graphics_index;
	case PORT_GRAPHICS: return vga->graphics[vga->graphics_index];
	case PORT_CRTC_INDEX: return vga->crtc_index;
	case PORT_CRTC: return vga->crtc[vga->crtc_index];
	case PORT_STATUS: return read_status(vga);
	default: return 0; /* the palette and the feature control: black, off */
	}
}

static void vga_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct vga *vga = device;
	uint8_t byte = (uint8_t)value;

	(void)size;
	switch (port) {
	case PORT_ATTRIBUTE: write_attribute(vga, byte); break;
	case PORT_MISC_WRITE: vga->miscellaneous = byte; break;
	case PORT_SEQUENCER_INDEX: vga->sequencer_index = byte; break;
	case PORT_SEQUENCER: vga->sequencer[vga->sequencer_index] = byte; break;
	case PORT_GRAPHICS_INDEX: vga->graphics_index = byte; break;
	case PORT_GRAPHICS: vga->graphics[vga->graphics_index] = byte; break;
	case PORT_CRTC_INDEX: vga->crtc_index = byte; break;
	case PORT_CRTC: vga->crtc[vga->crtc_index] = byte; break;
	}
}

unsigned int vga_start(const struct vga *vga)
{
	return (vga->crtc[CRTC_START_HIGH] << 8 | vga->crtc[CRTC_START_LOW]) % TEXT_CELLS;
}

int vga_cursor(const struct vga *vga)
{
	int cell = vga->crtc[CRTC_CURSOR_HIGH] << 8 | vga->crtc[CRTC_CURSOR_LOW];
	uint8_t start = vga->crtc[CRTC_CURSOR_START];

	if (start & CURSOR_OFF ||
	    (start & CURSOR_SCAN_LINE) > (vga->crtc[CRTC_CURSOR_END] & CURSOR_SCAN_LINE))
		return -1;
	cell -= (int)vga_start(vga);
	return cell >= 0 && cell < CELLS_SHOWN ? cell : -1;
}

bool vga_init(struct vga *vga, struct port_bus *bus, struct clock clock)
{
	struct port_range range = {
		.first = PORT_ATTRIBUTE,
		.last = PORT_GRAPHICS,
		.width = 1,
		.name = "vga",
		.device = vga,
		.read = vga_read,
		.write = vga_write,
	};

	memset(vga, 0, sizeof(*vga));
	vga->clock = clock;
	vga->miscellaneous = MISC_COLOUR;
	vga->crtc[CRTC_CURSOR_START] = 13;
	vga->crtc[CRTC_CURSOR_END] = 14;
	if (!port_register(bus, &range))
		return false;
	range.first = PORT_CRTC_INDEX;
	range.last = PORT_CRTC;
	if (!port_register(bus, &range))
		return false;
	range.first = range.last = PORT_STATUS;
	return port_register(bus, &range);
}

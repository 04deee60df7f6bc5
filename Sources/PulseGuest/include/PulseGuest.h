#pragma once

#include <stddef.h>
#include <stdint.h>

/// The pulse guest: a firmware image for QEMU's `-bios` that burns, dirties memory and ticks on its serial port. What it
/// says and understands is written at the top of `pulse.S`.
const uint8_t *pulse_guest_image(void);

/// How many bytes the image has: 64 KiB; 0 where Evenkeel was not built on x86-64, so that the assembler could not.
size_t pulse_guest_size(void);

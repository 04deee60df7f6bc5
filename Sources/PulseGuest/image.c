#include "PulseGuest.h"

extern const uint8_t pulse_guest_begin[];
extern const uint8_t pulse_guest_end[];

const uint8_t *pulse_guest_image(void) { return pulse_guest_begin; }

size_t pulse_guest_size(void) { return (size_t)(pulse_guest_end - pulse_guest_begin); }

import PulseGuest

/// The firmware image of the load guest, as this executable carries it.
enum PulseImage {
    static var bytes: [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: pulse_guest_image(), count: pulse_guest_size()))
    }
}

import Glibc

/// The system's words for an error number.
enum SystemError {
    static func text(of number: Int32) -> String {
        // Since glibc 2.32 the text lies in storage of the calling thread.
        guard let message = unsafe strerror(number) else { return "errno \(number)" }
        return unsafe "\(String(cString: message)) (errno \(number))"
    }
}

import Foundation

/// Standard input's terminal in raw mode (termios(3)): every key goes to whoever reads, none to the line editor or to
/// signals. Given back by ``restore()``, once.
final class RawTerminal {
    private var before: termios

    /// `nil` where standard input is no terminal.
    init?() {
        var settings = termios()
        guard isatty(STDIN_FILENO) == 1, unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        before = settings
        unsafe cfmakeraw(&settings)
        unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }

    /// Brings the terminal back to what it was.
    func restore() { unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &before) }
}

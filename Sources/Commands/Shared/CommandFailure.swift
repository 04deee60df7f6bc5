/// Ends a command with a message for a person and an exit code of the contract.
struct CommandFailure: Error {
    /// What scripts can rely on.
    enum Code: Int32 {
        /// The answer is no: a check failed, a tip could not be approved, the demo's host was not relieved.
        case no = 1
        /// The command was used wrongly.
        case wrongUse = 2
        /// The server cannot be reached.
        case unreachable = 3
        /// The environment lacks something, which the message names.
        case environment = 4
    }

    let code: Code
    /// What is wrong, where, and what to do.
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// A flat folder of append-only files: the real one, or one in memory that fills up and forgets as tests and
/// simulations want it to.
public protocol Disk: Sendable {
    /// The names of all files, in no order.
    func names() throws(AgentError) -> [String]

    /// A file's content; empty where there is no such file.
    func read(_ name: String) throws(AgentError) -> [UInt8]

    /// Appends to a file, which comes to be when it is not there; durable on return. After an error any part of `bytes`
    /// may have been written.
    func append(_ bytes: [UInt8], to name: String) throws(AgentError)

    /// Cuts a file to its first `length` bytes.
    func truncate(_ name: String, to length: Int) throws(AgentError)

    /// Puts `bytes` in place of a file's content: all or nothing, durable on return.
    func replace(_ name: String, with bytes: [UInt8]) throws(AgentError)

    /// Puts `bytes` in place of a file's content without forcing them to the disk: for what may be lost with the power,
    /// always of one length.
    func note(_ bytes: [UInt8], in name: String) throws(AgentError)

    /// Removes a file; nothing happens where there is none.
    func remove(_ name: String) throws(AgentError)
}

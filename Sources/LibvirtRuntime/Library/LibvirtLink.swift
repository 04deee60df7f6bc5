import FleetModel

/// A connection that is made when it is needed, dropped when it fails, and made anew. It blocks: it is for the thread of
/// a ``CallQueue``.
final class LibvirtLink {
    private let uri: String
    private let access: LibvirtConnection.Access
    private let listener: LibvirtListeners.Listener?
    private var connection: LibvirtConnection?
    /// Whether the connection has ended by itself.
    private let isClosed = Locked(false)

    /// A link that has `listener` called for what happens, as long as it is up.
    init(
        uri: String, access: LibvirtConnection.Access = .look, listener: LibvirtListeners.Listener? = nil
    ) {
        self.uri = uri
        self.access = access
        self.listener = listener
    }

    /// Runs `body` with the connection. Where one that had served before fails, the daemon may have been started anew
    /// since: `body` is tried once more with another.
    func connected<Value>(
        _ body: (LibvirtConnection) throws(LibvirtError) -> Value
    ) throws(LibvirtError) -> Value {
        if isClosed.withLock({ $0 }) { close() }
        let hasServed = connection != nil
        do throws(LibvirtError) {
            return try body(connect())
        } catch {
            close()
            guard hasServed else { throw error }
        }
        do throws(LibvirtError) {
            return try body(connect())
        } catch {
            close()
            throw error
        }
    }

    /// Runs `body` with the connection once and no second time, since it may change something; the next call gets
    /// another connection where this one has ended.
    func once<Value>(
        _ body: (LibvirtConnection) throws(LibvirtError) -> Value
    ) throws(LibvirtError) -> Value {
        if isClosed.withLock({ $0 }) || connection?.isAlive == false { close() }
        return try body(connect())
    }

    /// Drops the connection.
    func close() { connection = nil }

    private func connect() throws(LibvirtError) -> LibvirtConnection {
        if let connection { return connection }
        isClosed.withLock { $0 = false }
        let made = try LibvirtConnection(uri: uri, access: access, listener: noting)
        connection = made
        return made
    }

    /// The listener, which also sees to it that a connection that has ended is not used again.
    private var noting: LibvirtListeners.Listener? {
        guard let listener else { return nil }
        return { [isClosed] event in
            if event == .closed { isClosed.withLock { $0 = true } }
            listener(event)
        }
    }
}

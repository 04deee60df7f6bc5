import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections so that the answer arrives: one that its client wants closed is closed when the request has been
/// read, not before.
///
/// An answer may be ready before a request is read, since it is too large, or nobody may ask that. A client that sends
/// all of it first would wait for ever for somebody to read on, or see its connection reset and never the answer. So the
/// rest is read and passed over, up to a limit.
public final class ExchangeEnd: ChannelDuplexHandler, RemovableChannelHandler {
    /// Parts of requests, as they come and as they go on.
    public typealias InboundIn = HTTPRequestPart
    /// Likewise.
    public typealias InboundOut = HTTPRequestPart
    /// Parts of answers, as they come and as they go on.
    public typealias OutboundIn = HTTPResponsePart
    /// Likewise.
    public typealias OutboundOut = HTTPResponsePart

    /// How many bytes are passed over behind an answer.
    private static let mostPassedOver = 128 << 20

    // Requests are numbered, since one may come before the one before it is answered.
    private var begun = 0
    private var read = 0
    private var answered = 0
    /// The request that is the connection's last.
    private var last: Int?
    private var passedOver = 0

    /// A handler for one connection.
    public init() {}

    /// Passes a part of a request on, or over.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(var head):
            begun += 1
            passedOver = 0
            if head.headerFields[.connection]?.lowercased() == "close" {
                last = last ?? begun
                // The server would stop reading at the end of its answer.
                head.headerFields[.connection] = nil
            }
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body(let part) where answered >= begun:
            passedOver += part.readableBytes
            if passedOver > Self.mostPassedOver { context.close(promise: nil) }
        case .body:
            context.fireChannelRead(data)
        case .end:
            read += 1
            context.fireChannelRead(data)
            closeIfDone(context)
        }
    }

    /// Passes a part of an answer on, and notes where it ends.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if last == answered + 1 { head.headerFields[.connection] = "close" }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            answered += 1
            guard last == answered else {
                context.write(data, promise: promise)
                return
            }
            let written = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            written.futureResult.assumeIsolated().whenComplete { _ in self.closeIfDone(bound.value) }
            context.write(data, promise: written)
        }
    }

    private func closeIfDone(_ context: ChannelHandlerContext) {
        if let last, read >= last, answered >= last { context.close(promise: nil) }
    }
}

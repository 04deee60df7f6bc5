import FleetModel
import Hummingbird

/// Prometheus' JSON of a query's answer (prometheus `web/api/v1`: `{"status","data":{"resultType","result"}}`), in
/// pieces, so that a large answer is never in memory as text.
struct QueryJSON: Sequence, IteratorProtocol {
    /// From how many bytes on a piece is complete.
    static let pieceSize = 128 << 10

    private let answer: QueryAnswer
    private let timings: Timings?
    /// What the answer takes of the server's memory for answers, for as long as somebody reads it.
    private let share: AnswerBudget.Share?
    private var json = JSONText()
    private var place = 0
    /// How many samples of the series at `place` are written; `nil` while nothing of it is.
    private var sample: Int?
    private var isDone = false

    /// How long a query took, for `stats`.
    struct Timings: Sendable {
        /// Waiting and working, in seconds.
        var total: Double
    }

    init(_ answer: QueryAnswer, timings: Timings? = nil, share: AnswerBudget.Share? = nil) {
        self.answer = answer
        self.timings = timings
        self.share = share
    }

    /// All of it at once.
    static func bytes(of answer: QueryAnswer) -> [UInt8] { Array(QueryJSON(answer).joined()) }

    /// The answer's body: one buffer where it fits a piece, a stream otherwise.
    var body: ResponseBody {
        var pieces = self
        guard let first = pieces.next() else { return ResponseBody() }
        if pieces.isDone { return ResponseBody(byteBuffer: ByteBuffer(bytes: first)) }
        let rest = Locked(pieces)
        return ResponseBody { writer in
            try await writer.write(ByteBuffer(bytes: first))
            while let piece = await Self.next(of: rest) { try await writer.write(piece) }
            try await writer.finish(nil)
        }
    }

    /// The next piece, made away from the event loop: other connections have their turn there meanwhile.
    private static func next(of pieces: Locked<QueryJSON>) async -> ByteBuffer? {
        await withTaskExecutorPreference(globalConcurrentExecutor) {
            await Task.yield()
            return pieces.withLock { $0.next() }.map { ByteBuffer(bytes: $0) }
        }
    }

    mutating func next() -> [UInt8]? {
        if isDone { return nil }
        if place == 0, sample == nil { begin() }
        switch answer.value {
        case .scalar(let time, let number):
            json.array { json in
                json.seconds(time.milliseconds)
                json.string(JSONText.positionalText(of: number))
            }
        case .string(let time, let text):
            json.array { json in
                json.seconds(time.milliseconds)
                json.string(text)
            }
        case .vector(let elements):
            while place < elements.count {
                Self.write(elements[place], to: &json)
                place += 1
                if json.bytes.count >= Self.pieceSize { return json.takeBytes() }
            }
            json.close("]")
        case .matrix(let series):
            while place < series.count {
                write(series[place])
                if json.bytes.count >= Self.pieceSize { return json.takeBytes() }
            }
            json.close("]")
        }
        end()
        return json.takeBytes()
    }

    private mutating func begin() {
        json.open("{")
        json.member("status", "success")
        json.key("data")
        json.open("{")
        json.member("resultType", Self.type(of: answer.value))
        json.key("result")
        switch answer.value {
        case .scalar, .string: break
        case .vector, .matrix: json.open("[")
        }
    }

    private mutating func end() {
        isDone = true
        if let timings {
            json.object("stats") { json in
                json.object("timings") { $0.member("execTotalTime", timings.total) }
            }
        }
        json.close("}")
        if !answer.warnings.isEmpty { json.member("warnings", answer.warnings) }
        if !answer.infos.isEmpty { json.member("infos", answer.infos) }
        json.close("}")
    }

    private static func type(of value: QueryValue) -> String {
        switch value {
        case .scalar: "scalar"
        case .string: "string"
        case .vector: "vector"
        case .matrix: "matrix"
        }
    }

    private static func write(_ element: InstantSample, to json: inout JSONText) {
        json.object { json in
            json.key("metric")
            json.labels(element.labels)
            json.key("value")
            json.array { json in
                json.seconds(element.time.milliseconds)
                json.sampleValue(element.value)
            }
        }
    }

    /// Goes on with a series until it is written or the piece is full.
    private mutating func write(_ series: SeriesSamples) {
        if sample == nil {
            json.open("{")
            json.key("metric")
            json.labels(series.labels)
            json.key("values")
            json.open("[")
        }
        var next = sample ?? 0
        while next < series.samples.count, json.bytes.count < Self.pieceSize {
            json.array { json in
                json.seconds(series.samples.times[next])
                json.sampleValue(series.samples.values[next])
            }
            next += 1
        }
        sample = next
        guard next == series.samples.count else { return }
        json.close("]")
        json.close("}")
        sample = nil
        place += 1
    }
}

extension JSONText {
    /// Labels as an object.
    mutating func labels(_ labels: Labels) {
        object { json in for pair in labels.pairs { json.member(pair.name, pair.value) } }
    }
}

import FleetModel

/// Plays a migration through as QEMU would make it, in steps of its rate limit (100 ms), from a survey of the guest's
/// memory (QEMU's migration/migration.c and migration/ram.c):
///
/// - Each pass sends what was changed during the one before, no more than the bandwidth allows.
/// - As soon as what is left could be sent within the allowed downtime at the bandwidth of the last step, QEMU looks what
///   was changed meanwhile, and if that still holds halts the guest and sends it as fast as the network goes.
public struct MigrationForecaster: Sendable {
    private static let pageSize = 4096.0
    /// A page with its header in the stream.
    private static let pageInStream = 4104.0
    /// A page of zeros in the stream.
    private static let zeroInStream = 9.0
    /// How fast QEMU finds pages of zeros, in bytes a second.
    private static let scanSpeed = 4e9
    /// QEMU's rate limit holds for spans of this length.
    private static let step = 0.1

    let memory: Bytes
    let survey: MemorySurvey
    let conditions: MigrationConditions
    private let curve: DirtyCurve

    /// For a guest with `memory` that behaves as in `survey`.
    public init(memory: Bytes, survey: MemorySurvey, conditions: MigrationConditions) {
        self.memory = memory
        self.survey = survey
        self.conditions = conditions
        curve = DirtyCurve(survey, memory: memory)
    }

    /// What `method` will take.
    public func forecast(_ method: MigrationMethod) -> MigrationForecast {
        if method.kind == .quick { return quick() }
        var run = Run(self, method)
        return run.played()
    }

    /// The guest is halted while its memory is written to storage and read from it.
    private func quick() -> MigrationForecast {
        let bytes = FirstPass(memory, survey).bytes
        let speed = max(1, conditions.experience.storage)
        let milliseconds =
            2 * bytes / speed * 1000 + 2 * conditions.experience.switchMilliseconds
            + conditions.experience.setupMilliseconds
        return MigrationForecast(
            totalMilliseconds: Int(milliseconds), downtimeMilliseconds: Int(milliseconds),
            transferred: Bytes(Int64(bytes)), passes: 1)
    }

    /// All of memory, in the order of addresses.
    private struct FirstPass {
        /// What is left of each part, in pages, and what a page of it is in the stream on average.
        private var parts: [(pages: Double, pageInStream: Double)]

        init(_ memory: Bytes, _ survey: MemorySurvey) {
            let shares = survey.zeroShares.isEmpty ? [0] : survey.zeroShares
            let pages = Double(memory.count) / MigrationForecaster.pageSize / Double(shares.count)
            parts = shares.map { share in
                let zero = min(1, max(0, share))
                return (
                    pages, (1 - zero) * MigrationForecaster.pageInStream + zero * MigrationForecaster.zeroInStream
                )
            }
            // What is not the guest's own comes after it, and is empty for the most part.
            let beyond = Double(max(.zero, survey.beyond ?? .zero).count) / MigrationForecaster.pageSize
            if beyond > 0 { parts.append((beyond, MigrationForecaster.zeroInStream)) }
        }

        /// What is left, in the stream.
        var bytes: Double { parts.reduce(0) { $0 + $1.pages * $1.pageInStream } }
        /// What is left, as QEMU counts it.
        var pages: Double { parts.reduce(0) { $0 + $1.pages } }

        /// Sends as much as `bytes` of the stream; says how much that was.
        mutating func send(_ bytes: Double) -> Double {
            var sent = 0.0
            while let part = parts.first, sent < bytes {
                let all = part.pages * part.pageInStream
                if sent + all <= bytes {
                    sent += all
                    parts.removeFirst()
                } else {
                    parts[0].pages -= (bytes - sent) / part.pageInStream
                    sent = bytes
                }
            }
            return sent
        }
    }

    /// One migration in its course.
    private struct Run {
        let guest: MigrationForecaster
        let method: MigrationMethod
        let bandwidth: Double
        let network: Double
        let downtimeLimit: Double
        var time = 0.0
        var sent = 0.0
        var passes = 1
        /// What may still be sent before QEMU rests until the end of the step.
        var budget: Double
        var stepEnd = MigrationForecaster.step
        var first: FirstPass
        /// Of later passes, in pages.
        var pages = 0.0
        /// What the pass that runs had to send at its begin.
        var pagesInPass: Double
        var passBegin = 0.0
        var sentInPass = 0.0
        var throttle = 0.0
        var busyPasses = 0
        var pagesBefore: Double?

        init(_ guest: MigrationForecaster, _ method: MigrationMethod) {
            self.guest = guest
            self.method = method
            let conditions = guest.conditions
            network = max(1, conditions.experience.network)
            bandwidth = min(max(1, Double(conditions.bandwidth.count)), network)
            budget = bandwidth * MigrationForecaster.step
            downtimeLimit = Double(conditions.downtimeLimitMilliseconds) / 1000
            first = FirstPass(guest.memory, guest.survey)
            pagesInPass = first.pages
        }

        /// What QEMU thinks is left, in bytes of memory.
        private var remaining: Double { (first.pages + pages) * MigrationForecaster.pageSize }
        private var remainingInStream: Double { first.bytes + pages * MigrationForecaster.pageInStream }

        mutating func played() -> MigrationForecast {
            let limit = Double(guest.conditions.timeLimitSeconds)
            while time < limit {
                sendSome()
                // QEMU knows no bandwidth before the first step is over.
                let threshold = stepEnd <= MigrationForecaster.step ? 0 : bandwidth * downtimeLimit
                if remaining > 0, remaining >= threshold { continue }
                if let end = passEnded(threshold) { return end }
            }
            return MigrationForecast(
                totalMilliseconds: nil, downtimeMilliseconds: nil, throttleMilliseconds: throttleMilliseconds,
                transferred: Bytes(Int64(sent)), passes: passes)
        }

        /// Sends what is left of the pass or of the step, as fast as the network goes, and rests for the rest of the step.
        private mutating func sendSome() {
            let scanned = first.pages
            var amount = first.send(budget)
            let later = min(pages * MigrationForecaster.pageInStream, budget - amount)
            pages -= later / MigrationForecaster.pageInStream
            amount += later
            sent += amount
            sentInPass += amount
            budget -= amount
            time += amount / network
            time += (scanned - first.pages) * MigrationForecaster.pageSize / MigrationForecaster.scanSpeed
            if remaining > 0 {
                time = max(time, stepEnd)
                stepEnd = time + MigrationForecaster.step
                budget = bandwidth * MigrationForecaster.step
            }
        }

        /// Looks what was changed since the pass began; the end where that is little enough.
        private mutating func passEnded(_ threshold: Double) -> MigrationForecast? {
            let written = guest.curve.bytes(after: (time - passBegin) * (1 - throttle)) / MigrationForecaster.pageSize
            let all = Double(guest.memory.count) / MigrationForecaster.pageSize
            // What is written to while it still waits to be sent is sent once.
            let twice = pages * min(1, written / max(1, pagesInPass)) + first.pages * min(1, written / all)
            pages = min(pages + written - min(twice, written), all - first.pages)
            if pages < 1 { pages = 0 }
            pagesInPass = pages + first.pages
            let sentBefore = sentInPass
            sentInPass = 0
            passBegin = time
            passes += 1
            if remaining <= threshold { return finished() }
            if method.postCopy, passes > 3, let before = pagesBefore, pages > SendingWatch.worthwhileShare * before {
                return wentOver()
            }
            pagesBefore = pages
            if method.autoConverge { slowDown(written * MigrationForecaster.pageSize, sentBefore) }
            return nil
        }

        /// QEMU slows the guest down when it wrote more than half of what was sent, every second time that it did.
        private mutating func slowDown(_ written: Double, _ sent: Double) {
            guard written > sent / 2 else { return }
            busyPasses += 1
            guard busyPasses >= 2 else { return }
            busyPasses = 0
            throttle = throttle == 0 ? 0.2 : min(0.99, throttle + 0.1)
        }

        /// A throttled VP sleeps for its share of spans in which it runs for 10 ms (QEMU's softmmu/cpu-throttle.c).
        private var throttleMilliseconds: Int { throttle == 0 ? 0 : Int(10 * throttle / (1 - throttle)) }

        private func finished() -> MigrationForecast {
            let experience = guest.conditions.experience
            let rewritten = pages * MigrationForecaster.pageInStream
            let flight = first.bytes / network + rewritten / max(1, experience.rewritten)
            let downtime = flight * 1000 + experience.switchMilliseconds
            return MigrationForecast(
                totalMilliseconds: Int(time * 1000 + experience.setupMilliseconds + downtime),
                downtimeMilliseconds: Int(downtime.rounded()), throttleMilliseconds: throttleMilliseconds,
                transferred: Bytes(Int64(sent + remainingInStream)), remainder: Bytes(Int64(remainingInStream)),
                rewritten: Bytes(Int64(rewritten)), passes: passes)
        }

        /// The guest goes over at once, and what is left follows.
        private func wentOver() -> MigrationForecast {
            let experience = guest.conditions.experience
            return MigrationForecast(
                totalMilliseconds: Int((time + remainingInStream / bandwidth) * 1000 + experience.setupMilliseconds),
                downtimeMilliseconds: Int(experience.switchMilliseconds.rounded()),
                transferred: Bytes(Int64(sent + remainingInStream)), passes: passes)
        }
    }
}

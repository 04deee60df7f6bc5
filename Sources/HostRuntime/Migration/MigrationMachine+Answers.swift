import FleetModel

/// What follows from each answer, phase by phase.
extension MigrationMachine {
    mutating func proceed(after task: HostTask, _ answer: HostTaskAnswer) -> [Action] {
        switch phase {
        case .notBegun, .ended: []
        case .preparing: prepared(answer)
        case .sending(let ended): sendingAnswered(task, answer, ended: ended)
        case .loading(let figures): loaded(answer, figures)
        case .locating(let reason): located(answer, reason)
        case .confirming(let hold, let figures, let trouble): confirmed(answer, hold, figures, trouble)
        case .clearing(let ending): cleared(answer, ending)
        case .deciding(let hold, let figures, let reason, let endedThere):
            decided(answer, hold, figures, reason, endedThere)
        case .resuming(let reason, let looking): looking ? resumeSeen(answer, reason) : resumed(answer, reason)
        case .recovering(let side, let hold, let reason): recovered(answer, side, hold, reason)
        case .releasing(let ending, let looking): looking ? releaseSeen(answer, ending) : released(answer, ending)
        }
    }

    // MARK: Towards the destination

    private mutating func prepared(_ answer: HostTaskAnswer) -> [Action] {
        if case .refused(let why) = answer {
            return finish(
                cancelReason.map { .cancelled(reason: $0) }
                    ?? .failed(reason: "\(request.destination) refused: \(why)", location: .source))
        }
        let address: String
        switch answer {
        case .listening(let place): address = place
        case .awaiting(let place, let disks): (address, self.disks) = (place, disks)
        default:
            return clear(ending(.source, "\(request.destination) could not prepare for the VM: \(answer.text)"))
        }
        if let cancelReason { return clear(.cancelled(reason: cancelReason)) }
        self.address = address
        return [.log("\(request.destination) waits at \(address); sending from \(request.source)"), send(to: address)]
    }

    private mutating func send(to address: String) -> Action {
        enter(.sending(ended: nil))
        var outgoing = OutgoingMigration(
            virtualMachine: virtualMachine, destination: address, destinationName: request.destination.text,
            bandwidthLimit: request.bandwidthLimit, downtimeLimitMilliseconds: request.downtimeLimitMilliseconds,
            timeLimitSeconds: request.timeLimitSeconds, method: request.method)
        outgoing.disks = disks
        return ask(.source, .send(outgoing))
    }

    /// Sending and its cancellation are under way together: what counts is the end of sending, and it is looked at
    /// only when nothing is outstanding, so that no late cancellation meets a VM that has moved on.
    private mutating func sendingAnswered(
        _ task: HostTask, _ answer: HostTaskAnswer, ended: HostTaskAnswer?
    ) -> [Action] {
        var end = ended
        if case .send = task { end = answer }
        guard let end, asks.isEmpty else {
            phase = .sending(ended: end)
            return []
        }
        if case .sent(let figures) = end {
            let tooLate: [Action] = cancelReason.map { [.log("too late to cancel (\($0)): the guest has left")] } ?? []
            cancelReason = nil
            let news = Action.log("\(request.source) has handed the guest over\(figures.story)")
            if request.method.kind == .quick {
                enter(.loading(figures: figures))
                return tooLate + [news, ask(.destination, .load(virtualMachine))]
            }
            enter(.confirming(.handedOver, figures: figures, trouble: nil))
            return tooLate + [news, ask(.destination, .inspect(virtualMachine))]
        }
        let reason = "\(request.source) could not send the VM: \(end.text)"
        enter(.locating(reason: reason))
        return [.log(reason), ask(.source, .inspect(virtualMachine))]
    }

    private mutating func loaded(_ answer: HostTaskAnswer, _ figures: MigrationFigures) -> [Action] {
        let look = ask(.destination, .inspect(virtualMachine))
        if case .done = answer {
            enter(.confirming(.handedOver, figures: figures, trouble: nil))
            return [look]
        }
        let trouble = "\(request.destination) could not load what was saved: \(answer.text)"
        enter(.confirming(.handedOver, figures: figures, trouble: trouble))
        return [.log(trouble), look]
    }

    private mutating func confirmed(
        _ answer: HostTaskAnswer, _ hold: SourceHold, _ figures: MigrationFigures?, _ trouble: String?
    ) -> [Action] {
        if case .state(.fetching) = answer { return fetching(hold, figures, trouble) }
        guard case .state(let state) = answer, state != .incoming, state != .unknown else {
            if mayAskAgain() { return [ask(.destination, .inspect(virtualMachine))] }
            return decide(
                hold, figures, trouble ?? "the guest did not arrive at \(request.destination): \(answer.text)")
        }
        if let state, state.ownsGuest || state == .handedOver {
            return release(.succeeded(figures), note: "the guest is at \(request.destination) (\(state.rawValue))")
        }
        let reason = trouble ?? "the guest did not arrive at \(request.destination): \(answer.text)"
        return decide(hold, figures, reason, endedThere: state == .crashed || state == .stopped)
    }

    /// The guest runs at the destination without all of its memory. The source that still has the rest sends on; without
    /// it the guest is lost.
    private mutating func fetching(
        _ hold: SourceHold, _ figures: MigrationFigures?, _ trouble: String?
    ) -> [Action] {
        let reason = trouble ?? "the guest's memory did not arrive whole at \(request.destination)"
        switch hold {
        case .handedOver, .lost:
            // All of it was sent, or nobody can say, and then nothing that may still help is ended.
            if mayAskAgain() { return [ask(.destination, .inspect(virtualMachine))] }
            return finish(
                .failed(
                    reason: "\(reason), though it runs there; look at both hosts, then stop it on one of them",
                    location: nil))
        case .trailing:
            let tried = resumptions ?? 0
            if tried < Self.resumptionLimit, let address {
                resumptions = tried + 1
                return [.log("\(request.source) takes the broken stream up again"), send(to: address)]
            }
        case .dead: break
        }
        return recover(.destination, hold, "\(reason); its guest is lost")
    }

    private mutating func release(_ ending: MigrationOutcome, note: String) -> [Action] {
        enter(.releasing(ending, looking: false))
        return [.log(note), ask(.source, .releaseSource(virtualMachine))]
    }

    private mutating func released(_ answer: HostTaskAnswer, _ ending: MigrationOutcome) -> [Action] {
        if case .done = answer { return finish(ending) }
        phase = .releasing(ending, looking: true)
        return [
            .log("\(request.source) did not release the VM: \(answer.text)"),
            ask(.source, .inspect(virtualMachine)),
        ]
    }

    private mutating func releaseSeen(_ answer: HostTaskAnswer, _ ending: MigrationOutcome) -> [Action] {
        if case .state(let state) = answer {
            guard let state else { return finish(ending) }
            // A VM that is merely dead there is asked for again: left defined, somebody could start it a second time.
            if state.ownsGuest {
                return finish(
                    .failed(
                        reason: "both hosts say that they have the guest "
                            + "(\(request.source): \(state.rawValue)); stop one of them by hand", location: nil))
            }
        }
        if mayAskAgain() {
            phase = .releasing(ending, looking: false)
            return [ask(.source, .releaseSource(virtualMachine))]
        }
        return [.log("the VM is left halted on \(request.source): remove it there by hand")] + finish(ending)
    }

    // MARK: Back to the source

    private mutating func located(_ answer: HostTaskAnswer, _ reason: String) -> [Action] {
        guard case .state(let state) = answer, state != .unknown else {
            if mayAskAgain() { return [ask(.source, .inspect(virtualMachine))] }
            return clear(
                .failed(reason: "\(reason); \(request.source) does not say where it is: \(answer.text)", location: nil))
        }
        switch state {
        case .outgoing where mayAskAgain():
            return [.log("\(request.source) is still sending"), ask(.source, .cancelSend(virtualMachine))]
        case .running, .paused, .outgoing, .fetching:
            return clear(ending(.source, reason))
        case .handedOver:
            return confirm(.handedOver, reason)
        case .trailing:
            return confirm(.trailing, reason)
        case .stopped, .saved, .crashed:
            return confirm(.dead, reason)
        case .incoming, .unknown, nil:
            return confirm(.lost, reason)
        }
    }

    private mutating func confirm(_ hold: SourceHold, _ trouble: String) -> [Action] {
        enter(.confirming(hold, figures: nil, trouble: trouble))
        return [
            .log("the guest is not at \(request.source) any more; looking at \(request.destination)"),
            ask(.destination, .inspect(virtualMachine)),
        ]
    }

    private mutating func clear(_ ending: MigrationOutcome) -> [Action] {
        enter(.clearing(ending))
        return [ask(.destination, .abandonIncoming(virtualMachine))]
    }

    private mutating func cleared(_ answer: HostTaskAnswer, _ ending: MigrationOutcome) -> [Action] {
        switch answer {
        case .done:
            return finish(ending)
        case .refused(let why) where ending.location == nil:
            // The source does not say where the guest is, and the destination does not give its process up.
            return [.log("\(request.destination) did not give up: \(why)")] + confirm(.lost, why)
        case .refused(let why):
            return [.log("\(request.destination) kept what it has: \(why)")] + finish(ending)
        default:
            if mayAskAgain() { return [ask(.destination, .abandonIncoming(virtualMachine))] }
            return [.log("a waiting process may be left on \(request.destination): \(answer.text)")] + finish(ending)
        }
    }

    private mutating func decide(
        _ hold: SourceHold, _ figures: MigrationFigures?, _ reason: String, endedThere: Bool = false
    ) -> [Action] {
        enter(.deciding(hold, figures: figures, reason: reason, endedThere: endedThere))
        decisionsAsked += 1
        return [.log(reason), ask(.destination, .abandonIncoming(virtualMachine))]
    }

    private mutating func decided(
        _ answer: HostTaskAnswer, _ hold: SourceHold, _ figures: MigrationFigures?, _ reason: String,
        _ endedThere: Bool
    ) -> [Action] {
        if case .done = answer {
            switch hold {
            case .handedOver: return resume(reason)
            case .dead, .trailing: return recover(.source, hold, reason)
            case .lost: return finish(.failed(reason: reason, location: nil))
            }
        }
        if case .state(.crashed) = answer, hold == .handedOver || hold == .lost {
            return finish(
                .failed(
                    reason: "\(reason); nobody saw whether the guest arrived at \(request.destination) before its QEMU "
                        + "ended there, so it stays halted at \(request.source): look at its disks, then stop it by force on "
                        + "one host, and resume or start it on the other", location: nil))
        }
        if case .state(.crashed) = answer {
            // Neither host has a process of it. Disks that both see are where they were; of disks that came along nobody
            // can say which side has the newer ones.
            guard !request.definition.disks.contains(where: \.isLocal) else {
                return finish(
                    .failed(
                        reason: "\(reason); its process has ended on both hosts, and which of them has its newer disks "
                            + "nobody saw: look at both, then start it on one and remove it from the other",
                        location: nil))
            }
            return recover(.destination, hold, "\(reason); no process of it is left on either host")
        }
        if endedThere, case .refused(let why) = answer {
            // The destination knew nothing of it before, so it lived there until it died or shut down: what the source
            // holds is the past, and must not run beside newer disks.
            return recover(.destination, hold, "the VM arrived at \(request.destination) and ended there: \(why)")
        }
        if decisionsAsked < Self.decisions {
            // A refusal may mean that the guest has just arrived.
            enter(.confirming(hold, figures: figures, trouble: reason))
            return [ask(.destination, .inspect(virtualMachine))]
        }
        let doubt = "\(reason); \(request.destination) does not say whether it has the guest (\(answer.text))"
        let advice =
            hold == .handedOver
            ? "so it stays halted at \(request.source): look at both, then stop it by force on one, and resume or start "
                + "it on the other"
            : "and at \(request.source) it does not run: look at both, then stop it by force on one and start it on the "
                + "other"
        return finish(.failed(reason: "\(doubt), \(advice)", location: nil))
    }

    private mutating func resume(_ reason: String) -> [Action] {
        enter(.resuming(reason: reason, looking: false))
        return [
            .log("\(request.destination) has nothing of the VM; it goes on at \(request.source)"),
            ask(.source, .resumeSource(virtualMachine)),
        ]
    }

    private mutating func resumed(_ answer: HostTaskAnswer, _ reason: String) -> [Action] {
        if case .done = answer { return finish(.failed(reason: reason, location: .source)) }
        phase = .resuming(reason: reason, looking: true)
        return [
            .log("\(request.source) did not resume the VM: \(answer.text)"), ask(.source, .inspect(virtualMachine)),
        ]
    }

    private mutating func resumeSeen(_ answer: HostTaskAnswer, _ reason: String) -> [Action] {
        if case .state(let state) = answer {
            guard let state else { return finish(.failed(reason: reason, location: nil)) }
            if state.ownsGuest || state == .stopped || state == .crashed {
                return finish(.failed(reason: reason, location: .source))
            }
        }
        if mayAskAgain() {
            phase = .resuming(reason: reason, looking: false)
            return [ask(.source, .resumeSource(virtualMachine))]
        }
        return finish(
            .failed(reason: "\(reason); it is halted at \(request.source) and would not go on", location: .source))
    }

    // MARK: Anew

    private mutating func recover(_ side: Side, _ hold: SourceHold, _ reason: String) -> [Action] {
        enter(.recovering(side, hold, reason: reason))
        return [.log(reason), ask(side, .recover(virtualMachine))]
    }

    private mutating func recovered(
        _ answer: HostTaskAnswer, _ side: Side, _ hold: SourceHold, _ reason: String
    ) -> [Action] {
        let host = side == .source ? request.source : request.destination
        if side == .destination, case .done = answer {
            return release(.succeeded(nil), note: "the guest is whole at \(host) after all")
        }
        guard case .state(let state?) = answer, state != .unknown else {
            if mayAskAgain() { return [ask(side, .recover(virtualMachine))] }
            return finish(
                .failed(reason: "\(reason); \(host) could not start it anew: \(answer.text)", location: nil))
        }
        let how = state.ownsGuest ? "it was started anew at \(host), as its policy says" : "it is down at \(host)"
        let ending = MigrationOutcome.failed(reason: "\(reason); \(how)", location: side)
        if side == .source { return finish(ending) }
        return release(ending, note: how)
    }

    /// The end with the VM at `side`: cancelled where somebody wanted that, failed otherwise.
    private func ending(_ side: Side, _ reason: String) -> MigrationOutcome {
        cancelReason.map { .cancelled(reason: $0) } ?? .failed(reason: reason, location: side)
    }
}

extension HostTaskAnswer {
    /// The answer in a few words, for a reason or a log line.
    var text: String {
        switch self {
        case .done, .advised: "done"
        case .listening(let address), .awaiting(let address, _): "listening at \(address)"
        case .sent: "sent"
        case .state(let state): state.map { "the VM is \($0.rawValue) there" } ?? "the VM is not known there"
        case .refused(let why), .failed(let why): why
        }
    }
}

extension MigrationFigures {
    /// What is worth a remark, to follow a sentence without its end.
    fileprivate var story: String {
        var parts: [String] = []
        if let passes { parts.append(passes == 1 ? "in 1 pass" : "in \(passes) passes") }
        if let throttlePercent { parts.append("the guest slowed down by up to \(throttlePercent) %") }
        if wasPostCopied == true { parts.append("the last of it in post-copy") }
        return parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    }
}

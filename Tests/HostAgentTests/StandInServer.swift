import FleetModel
import Foundation
import HTTPClient
import MetricsWire

@testable import HostAgent

/// Stands in for the server: keeps what it is sent, gives the commands it is told to give, and fails when asked to.
final class StandInServer: Sendable {
    struct Memory: Sendable {
        var batches: [[String: Double]] = []
        var reports: [HostReport] = []
        var answers: [Int64: [HostTaskAnswer]] = [:]
        var progress: [Int64: Int] = [:]
        var commands: [AgentCommand] = []
        var authorizations: Set<String> = []
        var isDown = false
        /// Statuses to answer the next writes with.
        var writeStatuses: [Int] = []
        /// How many answers to lose after taking them.
        var lostAnswers = 0
    }

    private let memory = Locked(Memory())

    var seen: Memory { memory.withLock { $0 } }

    func change(_ body: (inout Memory) -> Void) { memory.withLock { body(&$0) } }

    func give(_ command: AgentCommand) { change { $0.commands.append(command) } }

    func send(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
        if Task.isCancelled { throw .cancelled(url: request.url) }
        if seen.isDown { throw .transport(url: request.url, code: 7, reason: "connection refused") }
        if let token = request.headers.first(where: { $0.name == "Authorization" })?.value {
            change { $0.authorizations.insert(token) }
        }
        let path = URLComponents(string: request.url)?.path ?? ""
        switch path {
        case "/api/v1/write": return write(request)
        case "/agent/v1/report":
            guard let report = try? JSONDecoder().decode(HostReport.self, from: Data(request.body)) else {
                return HTTPResponse(url: request.url, status: 400)
            }
            change { $0.reports.append(report) }
            return HTTPResponse(url: request.url, status: 204)
        case "/agent/v1/commands": return try await poll(request)
        default: return command(request, path.split(separator: "/"))
        }
    }

    private func write(_ request: HTTPRequest) -> HTTPResponse {
        let planned = memory.withLock { $0.writeStatuses.isEmpty ? nil : $0.writeStatuses.removeFirst() }
        if let planned, planned != 200 { return HTTPResponse(url: request.url, status: planned) }
        guard let bytes = try? Snappy.decompress(request.body, limit: 1 << 24),
            let batch = try? RemoteWriteText.decode(bytes)
        else { return HTTPResponse(url: request.url, status: 400) }
        change { $0.batches.append(batch) }
        return HTTPResponse(url: request.url, status: 204)
    }

    private func poll(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
        let items = URLComponents(string: request.url)?.queryItems ?? []
        let after = items.first { $0.name == "after" }?.value.flatMap { Int64($0) } ?? 0
        while true {
            let now = seen
            if now.isDown { throw .transport(url: request.url, code: 56, reason: "connection reset") }
            let open = now.commands.filter { $0.number > after && now.answers[$0.number] == nil }
            if !open.isEmpty {
                let body = (try? JSONEncoder().encode(["commands": open])) ?? Data()
                return HTTPResponse(url: request.url, status: 200, body: [UInt8](body))
            }
            do { try await Task.sleep(for: .milliseconds(5)) } catch { throw .cancelled(url: request.url) }
        }
    }

    private func command(_ request: HTTPRequest, _ path: [Substring]) -> HTTPResponse {
        guard path.count == 5, let number = Int64(path[3]), seen.commands.contains(where: { $0.number == number })
        else {
            return HTTPResponse(url: request.url, status: 404)
        }
        if path[4] == "progress" {
            change { $0.progress[number, default: 0] += 1 }
            return HTTPResponse(url: request.url, status: 204)
        }
        guard let answer = try? JSONDecoder().decode(HostTaskAnswer.self, from: Data(request.body)) else {
            return HTTPResponse(url: request.url, status: 400)
        }
        let isLost = memory.withLock { memory in
            memory.answers[number, default: []].append(answer)
            defer { memory.lostAnswers = max(0, memory.lostAnswers - 1) }
            return memory.lostAnswers > 0
        }
        return HTTPResponse(url: request.url, status: isLost ? 500 : 204)
    }
}

/// A provider whose VMs are what the test says and whose tasks end when the test says.
final class StandInProvider: VirtualMachineProvider {
    struct Memory: Sendable {
        var machines: [VirtualMachineStatus] = []
        var performed: [HostTask] = []
        var isHanging = false
        /// A send runs until a cancelSend arrives.
        var isSending = false
    }

    private let memory = Locked(Memory())

    var seen: Memory { memory.withLock { $0 } }

    func change(_ body: (inout Memory) -> Void) { memory.withLock { body(&$0) } }

    func virtualMachines() async throws -> [VirtualMachineStatus] {
        while seen.isHanging { try await Task.sleep(for: .milliseconds(5)) }
        return seen.machines
    }

    func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer {
        change { $0.performed.append(task) }
        switch task {
        case .start(let definition):
            change { $0.machines.append(VirtualMachineStatus(definition: definition, state: .running)) }
            return .done
        case .send:
            change { $0.isSending = true }
            while seen.isSending {
                progress(MigrationProgress(transferred: Bytes(1), remaining: Bytes(2), total: Bytes(3)))
                try? await Task.sleep(for: .milliseconds(5))
            }
            return .failed("cancelled")
        case .cancelSend:
            change { $0.isSending = false }
            return .state(.running)
        default:
            return .done
        }
    }
}

import Foundation
import Placement
import Testing

@testable import Commands

@Suite("Google's machine reassignment problem")
struct RoadefTests {
    /// Two resources (the second transient), four machines in two neighbourhoods and four locations, three services
    /// (the first needs the second), six processes, a balance cost.
    private static let model = """
        2  0 10  1 20
        4
        0 0  100 50  60 30  0 1 2 3
        0 1  100 50  60 30  1 0 1 2
        1 2  100 50  60 30  2 1 0 1
        1 3  100 50  60 30  3 2 1 0
        3  2 1 1   1 0   1 0
        6
        0 30 10 5
        0 20 12 6
        1 25 9 7
        1 15 8 2
        2 40 10 1
        2 10 5 3
        1  0 1 2 10
        1 10 100
        """
    private static let start = "0 2 1 3 0 1\n"

    private func instance() throws -> RoadefInstance {
        try RoadefInstance(model: Array(Self.model.utf8), assignment: Array(Self.start.utf8))
    }

    @Test("an instance is read as its format says")
    func reading() throws {
        let instance = try instance()
        #expect(instance.isTransient == [false, true])
        #expect(instance.loadWeights == [10, 20])
        #expect(instance.neighbourhoods == [0, 0, 1, 1])
        #expect(instance.machineMoveCosts[1] == 1)
        #expect(instance.spreadMinimums == [2, 1, 1])
        #expect(instance.dependencies == [[1], [], []])
        #expect(instance.requirements.suffix(2) == [10, 5])
        #expect(instance.balances == [.init(first: 0, second: 1, target: 2, weight: 10)])
        #expect(instance.start == [0, 2, 1, 3, 0, 1])
    }

    @Test("the check's cost is what the text of the problem comes to, by hand")
    func costByHand() throws {
        let check = RoadefCheck(instance: try instance())
        // Use: m0 (70, 20), m1 (35, 14), m2 (20, 12), m3 (15, 8); over safety only m0's first resource, by 10.
        // Balance 2 x free(0) - free(1): m0 60 - 30, m1 130 - 36, m2 160 - 38, m3 170 - 42, each x 10.
        let balance = (30 + 94 + 122 + 128) * 10
        #expect(check.cost(of: [0, 2, 1, 3, 0, 1]) == Int64(100 + balance))
        // Process 5 moves from m1 to m3: use m1 (25, 9), m3 (25, 13): costs 3 x 1 + 10 x 1 + 2 x 100.
        let moved = (30 + 109 + 122 + 113) * 10
        #expect(check.cost(of: [0, 2, 1, 3, 0, 3]) == Int64(100 + moved + 3 + 10 + 200))
    }

    @Test("the check names what is broken")
    func violations() throws {
        let check = RoadefCheck(instance: try instance())
        #expect(check.violation(of: [0, 2, 1, 3, 0, 1]) == nil)
        #expect(check.violation(of: [0, 0, 1, 3, 0, 1]) == "two processes of service 0 on machine 0")
        // Service 0 needs service 1 in each of its neighbourhoods.
        #expect(check.violation(of: [0, 2, 1, 0, 0, 1]) == "service 0 runs in a neighbourhood without service 1")
        #expect(check.violation(of: [0, 2, 1, 3, 0]) == "5 processes")
        #expect(check.violation(of: [0, 2, 1, 9, 0, 1]) == "machine 9")
    }

    @Test("all assignments of a small instance: the rules allow exactly what the check allows, at the check's cost")
    func rulesAgainstCheck() throws {
        let instance = try instance()
        let check = RoadefCheck(instance: instance)
        let packing = try Packing(
            resources: 2, needs: instance.requirements, room: instance.capacities, homes: instance.start,
            isHeldWhileMoving: instance.isTransient)
        var state = PackingState(packing, rules: RoadefRules(instance))
        var random = Dice(seed: 3)
        var made = 0
        for _ in 0..<4000 {
            let process = Int.random(in: 0..<6, using: &random)
            let other = Int.random(in: 0..<6, using: &random)
            let machine = Int.random(in: 0..<4, using: &random)
            let isSwap = Bool.random(using: &random)
            var after = state.assignment
            if isSwap { after.swapAt(process, other) } else { after[process] = Int32(machine) }
            if after == state.assignment { continue }
            let change = isSwap ? state.change(swapping: process, other) : state.change(moving: process, to: machine)
            #expect((change == nil) == (check.violation(of: after) != nil), "\(after)")
            guard let change else { continue }
            #expect(state.cost + change == check.cost(of: after))
            if isSwap { state.swap(process, other) } else { state.move(process, to: machine) }
            #expect(state.cost == check.cost(of: after))
            made += 1
        }
        #expect(made > 200)
    }

    @Test("files that are no instance are refused with the line")
    func hostileFiles() {
        func refusal(_ model: String, _ assignment: String = RoadefTests.start) -> String? {
            do {
                _ = try RoadefInstance(model: Array(model.utf8), assignment: Array(assignment.utf8))
                return nil
            } catch {
                return error.description
            }
        }
        #expect(refusal("") == "model:1: number of resources is missing: the file ends")
        #expect(refusal("1 0 x") == "model:1: load weight is not a whole number")
        #expect(refusal("1\n0 4294967296") == "model:2: load weight is 2^32 or more")
        #expect(refusal("99999 0") == "model:1: number of resources is 99999, not 1 to 64")
        #expect(refusal(Self.model + " 7") == "model:16: more follows where the file should end")
        #expect(refusal(Self.model, "0 2 1 3 0 4") == "assignment:1: machine is 4, not below 4")
        #expect(refusal(Self.model, "0 2 1") == "assignment:1: machine is missing: the file ends")
    }
}

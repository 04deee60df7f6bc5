import FleetModel
import Placement
import Remediation
import Testing

@Suite("Questions that change nothing")
struct PlanQuestionTests {
    private func world() -> World {
        var world = World.hot()
        world.add("h3", use: 0.1, machines: [4: 0.2])
        world.round()
        return world
    }

    private func answer(_ question: PlanQuestion, _ world: World) throws -> PlanAnswer {
        try world.loop.answer(question, at: world.now)
    }

    @Test("every kind has an answer, and the loop is as it was")
    func kinds() throws {
        let world = world()
        for kind in PlanQuestion.Kind.allCases {
            let answer = try answer(PlanQuestion(kind, about: kind.isAboutHost ? "h1" : "main"), world)
            #expect(!answer.explanation.isEmpty, "\(kind)")
            #expect(answer.isPossible || answer.actions.isEmpty, "\(kind)")
        }
        #expect(world.openCommands.isEmpty && world.loop.openTips.isEmpty)
    }

    @Test("a host is relieved, emptied and restarted elsewhere, and a cluster relieved")
    func moves() throws {
        let world = world()
        #expect(try answer(PlanQuestion(.evacuate, about: "h1"), world).actions.count == 3)
        #expect(try answer(PlanQuestion(.relieve, about: "main"), world).actions.count >= 1)
        let starts = try answer(PlanQuestion(.restart, about: "h1"), world)
        #expect(starts.isPossible && starts.starts.count == 3)
        #expect(Set(starts.starts.map(\.host)).isSubset(of: [Sample.host("h2"), Sample.host("h3")]))
    }

    @Test("a host with more VMs than a plan of the control round may move is emptied; fewer moves can be asked for")
    func consolidation() throws {
        var world = World()
        world.add("h1", use: 0.1, machines: Dictionary(uniqueKeysWithValues: (1...10).map { ($0, 0.01) }))
        world.add("h2", use: 0.2, machines: [11: 0.5])
        world.add("h3", use: 0.3, machines: [12: 1, 13: 1])
        world.round()
        var question = PlanQuestion(.consolidate, about: "main")
        let whole = try answer(question, world)
        #expect(whole.actions.filter { $0.hosts.first == Sample.host("h1") }.count == 10, "\(whole.explanation)")
        question.moves = 3
        let part = try answer(question, world)
        #expect(part.actions.count <= 3)
        #expect(part.rejected.contains { $0.reason.contains("h1: its 10 VMs are more than") }, "\(part.rejected)")
    }

    @Test("what if a host came, a host went, and VMs wanted more")
    func suppositions() throws {
        let world = world()
        var lost = PlanQuestion(.evacuate, about: "h1")
        lost.lost = [Sample.host("h2"), Sample.host("h3")]
        let nowhere = try answer(lost, world)
        #expect(!nowhere.isPossible && nowhere.supposed.count == 2)
        lost.added = [Sample.host("h2"), Sample.host("h2"), Sample.host("h2")]
        let renewed = try answer(lost, world)
        #expect(renewed.isPossible && renewed.actions.allSatisfy { $0.hosts.last?.text.hasPrefix("new-") == true })
        var grown = PlanQuestion(.relieve, about: "main")
        grown.target = 0.95
        #expect(try !answer(grown, world).isPossible, "nothing is that hot")
        grown.growth = 0.5
        grown.grown = [1, 2, 3].map(Sample.machine)
        let hot = try answer(grown, world)
        #expect(hot.isPossible && hot.supposed == ["3 VMs want 50 % more"])
    }

    @Test("where VMs start on a host whose load is unknown, the answer says that, and not that it is too much")
    func unknownLoad() throws {
        var world = World()
        world.add("h1", use: 0.2, machines: [1: 0.2])
        world.add("h2", use: nil, machines: [2: 0.1])
        world.round()
        let starts = try answer(PlanQuestion(.restart, about: "h1"), world)
        #expect(starts.starts.map(\.strain) == [nil])
        #expect(starts.starts.map(\.unknown) == ["its processor use is unknown"])
        #expect(starts.explanation.contains("; for 1 of them it is unknown how busy their host will be"))
        #expect(!starts.explanation.contains("ceilings"))
    }

    @Test("a reserve holds as it is, and not for more hosts than there are")
    func reserve() throws {
        var question = PlanQuestion(.reserve, about: "main")
        #expect(try answer(question, world()).isPossible)
        question.failures = 3
        #expect(try !answer(question, world()).isPossible)
    }

    @Test("what nobody knows is said")
    func unknown() {
        var question = PlanQuestion(.evacuate, about: "nowhere")
        #expect(throws: PolicyProblem("there is no host 'nowhere'")) { try answer(question, world()) }
        question.object = "h1"
        question.added = [Sample.host("h9")]
        #expect(throws: PolicyProblem("there is no host 'h9'")) { try answer(question, world()) }
        question.added = []
        question.lost = [Sample.host("h1")]
        let gone = "'h1' is supposed to have failed (--lose); 'evenkeel plan restart h1' says where its VMs would start"
        #expect(throws: PolicyProblem(gone)) { try answer(question, world()) }
        #expect(throws: PolicyProblem("no host reports from cluster 'moon'")) {
            try answer(PlanQuestion(.balance, about: "moon"), world())
        }
    }
}

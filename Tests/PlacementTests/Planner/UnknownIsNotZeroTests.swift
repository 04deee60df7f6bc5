import FleetModel
import Placement
import Testing

@Suite("What is unknown is told as unknown, never as zero")
struct UnknownIsNotZeroTests {
    private let planner = Planner()
    private let relief = PlanRequest.relieveCluster(Fleets.cluster, target: 0.5)
    private let balance = PlanRequest.balanceCluster(Fleets.cluster, aggressiveness: 3)

    private func outcome(_ request: PlanRequest, _ hosts: [PlacementHost]) -> PlanOutcome {
        planner.plan(request, on: Fleets.snapshot(hosts))
    }

    private func silent(_ count: Int, from first: Int = 0) -> [PlacementHost] {
        (first..<(first + count)).map { Fleets.host("h\($0)", use: nil, [Fleets.machine($0 + 1, use: nil)]) }
    }

    @Test("no host is known to be hot, or even, where no load is known; each is named with what is unknown")
    func nothingKnown() {
        let unknown = "the processor use of h0, h1 is unknown"
        let relieved = outcome(relief, silent(2))
        #expect(relieved.reason == "no host of cluster c is known to be over 50 %; \(unknown)")
        for host in ["h0", "h1"] {
            #expect(
                relieved.rejected.contains {
                    $0.destination == Fleets.hostName(host) && $0.reason == "its processor use is unknown"
                })
        }
        #expect(outcome(balance, silent(2)).reason == "no move in cluster c can be weighed: \(unknown)")
        #expect(outcome(relief, silent(7)).reason?.hasSuffix("of h0, h1, h2, h3, h4 and 2 others is unknown") == true)
    }

    @Test("a plan, or none, for those hosts that are known says which were not counted")
    func partlyKnown() throws {
        let known = [
            Fleets.host("a", use: 0.6, [Fleets.machine(11, use: 2), Fleets.machine(12, use: 2)]),
            Fleets.host("b", use: 0.1),
        ]
        let hosts = known + silent(1)
        let unknown = "Not counted: the processor use of h0 is unknown."
        #expect(try #require(outcome(relief, hosts).plan).explanation.hasSuffix(unknown))
        #expect(try #require(outcome(balance, hosts).plan).explanation.hasSuffix(unknown))
        #expect(outcome(relief, known).plan?.explanation.contains("Not counted") == false)
        let even = outcome(balance, [known[1], Fleets.host("c", use: 0.1)] + silent(1)).reason
        #expect(even?.hasSuffix("deviates by 0 %; the processor use of h0 is unknown") == true, "\(even ?? "")")
        let cool = outcome(relief, [known[1]] + silent(1)).reason
        #expect(cool == "no host of cluster c is known to be over 50 %; the processor use of h0 is unknown")
    }

    private static let absurd: [[PlacementHost]] = [
        [
            Fleets.host("h0", processors: 0, use: 0.9, gib: 0, [Fleets.machine(1, use: 1)]),
            Fleets.host("h1", processors: 0, use: .nan, gib: 0),
        ],
        [
            Fleets.host("h0", processors: 0, use: 0, gib: 0), Fleets.host("h1", use: 0.9, [Fleets.machine(1, use: 4)]),
        ],
        [
            Fleets.host("h0", use: .nan, [Fleets.machine(1, use: .nan)]),
            Fleets.host("h1", use: .infinity, [Fleets.machine(2, use: -1)]),
        ],
    ]

    @Test("no answer has a NaN in it", arguments: absurd)
    func notANumber(hosts: [PlacementHost]) {
        let h1 = Fleets.hostName("h1")
        let requests = [
            relief, balance, .relieveHost(h1, resource: .processor, target: 0.5),
            .relieveHost(h1, resource: .memory, target: 0.5), .evacuateHost(h1), .drainHost(h1),
            .consolidateCluster(Fleets.cluster), .migrate(Fleets.id(1), to: Fleets.hostName("h0")),
        ]
        for request in requests {
            let outcome = outcome(request, hosts)
            let texts = [outcome.reason, outcome.plan?.explanation].compactMap { $0 } + outcome.rejected.map(\.reason)
            for text in texts {
                let words = text.lowercased().split { !$0.isLetter }
                #expect(!words.contains("nan") && !words.contains("inf"), "\(request): \(text)")
            }
            for action in outcome.plan?.actions ?? [] {
                let changes = [
                    action.prediction.sourceProcessor, action.prediction.destinationProcessor,
                    action.prediction.sourceMemory, action.prediction.destinationMemory,
                ]
                #expect(changes.allSatisfy { $0?.before.isFinite != false && $0?.after.isFinite != false })
            }
        }
        #expect(outcome(balance, hosts).reason?.hasSuffix("deviates by 0 %") != true)
    }

    @Test("hosts that nothing relieves are told with the first reasons")
    func nothingRelieves() {
        let pinned = ["h0", "h1"].enumerated().map { place, name in
            Fleets.host(name, use: 0.9, [Fleets.machine(place + 1, use: 6, immovable: "it is pinned")])
        }
        #expect(
            outcome(relief, pinned).reason
                == "nothing relieves h0, h1: vm-1: it must stay: it is pinned; vm-2: it must stay: it is pinned")
        let full = [
            Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 4), Fleets.machine(2, use: 3)]),
            Fleets.host("b", use: 0.3, [Fleets.machine(3, use: 1)]),
        ]
        #expect(
            outcome(relief, full).reason
                == "nothing relieves a: vm-1 to b: processor would be 80 % busy, limit 50 %; "
                + "vm-2 to b: processor would be 68 % busy, limit 50 %")
        let resting = [Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 4)], lastMoved: Fleets.time)]
        #expect(
            outcome(relief, resting + [Fleets.host("b", use: 0.1)]).reason?.contains(
                "vm-1: a VM was moved to or from it")
                == true)
    }

    @Test("counts are those of what there is")
    func counts() {
        let hosts = [
            Fleets.host("a", use: 0.95, [Fleets.machine(1, use: 1), Fleets.machine(2, use: 1)]),
            Fleets.host("b", use: 0.1),
        ]
        let reason = outcome(.relieveHost(Fleets.hostName("a"), resource: .processor, target: 0.5), hosts).reason
        #expect(reason?.contains("at most 2 moves of the 2 VMs that can move") == true, "\(reason ?? "")")
        let dead = [Fleets.host("a", use: nil, unavailable: "it is dead")]
        let report = planner.reserve(of: Fleets.cluster, failures: 1, on: Fleets.snapshot(dead))
        #expect(report.reason.contains("the cluster has no host that could fail"), "\(report.reason)")
    }
}

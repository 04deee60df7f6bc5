import FleetModel
import Placement
import Testing

@Suite("A reserve that cannot be watched whole")
struct ReserveCaveatTests {
    private func plan(hosts: Int, reserve: Int) throws -> Plan {
        let all = (0..<hosts).map { host in
            Fleets.host(
                "h\(host)", use: host == 0 ? 0.9 : 0.2,
                (1...2).map { Fleets.machine(host * 10 + $0, use: host == 0 ? 3 : 0.5, gib: 1) })
        }
        let fleet = FleetSnapshot(version: 1, time: Fleets.time, hosts: all, reserve: reserve)
        let relief = PlanRequest.relieveHost(Fleets.hostName("h0"), resource: .processor, target: 0.7)
        return try #require(Planner().plan(relief, on: fleet).plan)
    }

    @Test("A plan says that it keeps the reserve of single hosts only, and does not where it keeps all of it")
    func said() throws {
        let large = try plan(hosts: 200, reserve: 3).explanation
        #expect(large.hasSuffix("keeps the reserve for each single host, and not for 3 at a time."), "\(large)")
        #expect(try !plan(hosts: 200, reserve: 1).explanation.contains("too many sets"))
        #expect(try !plan(hosts: 6, reserve: 3).explanation.contains("too many sets"))
    }
}

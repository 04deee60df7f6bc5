import Placement

/// States of the balancing benchmark in which hosts are overloaded, and what relieving all of them takes.
public enum ReliefBench {
    /// A state, with the planner's answer: whole, so that another solver can be asked the same.
    public struct State: Sendable, Codable {
        /// A host.
        public struct Host: Sendable, Codable {
            /// Thousandths of a logical processor.
            public let processor: Int64
            /// MiB.
            public let memory: Int64
        }

        /// A VM.
        public struct Machine: Sendable, Codable {
            /// Where it is.
            public let host: Int
            /// MiB.
            public let memory: Int64
            /// Thousandths of a logical processor that it wants.
            public let load: Int64
            /// Whether it may move.
            public let isMovable: Bool
        }

        /// A move of the planner's.
        public struct Move: Sendable, Codable {
            /// Which VM.
            public let machine: Int
            /// Where to.
            public let host: Int
        }

        /// The seed of the fleet.
        public let seed: UInt64
        /// The step of the day.
        public let step: Int
        /// Highest share of every host's processors afterwards.
        public let target: Double
        /// The hosts.
        public let hosts: [Host]
        /// The VMs.
        public let machines: [Machine]
        /// VMs that must not share a host.
        public let apart: [[Int]]
        /// How many hosts are over the target.
        public let overloaded: Int
        /// How many of them the planner could not relieve.
        public let unrelieved: Int
        /// The planner's moves; the reserve of one host holds at each of them.
        public let moves: [Move]
        /// No fewer moves can do.
        public let bound: Int
        /// What planning took.
        public let milliseconds: Double
    }

    /// The states of one fleet, a step each `stride`, placed as at the start. `clock` says milliseconds.
    public static func states(
        _ scenario: BalanceScenario, seed: UInt64, stride: Int, target: Double = 0.8, clock: () -> Double
    ) -> [State] {
        let start = scenario.fleet()
        let reserve = ReserveLedger(start)
        let reliever = Reliever(target: target)
        return Swift.stride(from: 0, to: scenario.steps, by: max(1, stride)).map { step in
            var fleet = start
            for machine in 0..<fleet.machines {
                fleet.expect(scenario.demand(of: machine, at: step), variance: 0, of: machine)
            }
            let began = clock()
            let relief = reliever.relieveAll(fleet, reserve: reserve)
            let took = clock() - began
            return State(
                seed: seed, step: step, target: target,
                hosts: scenario.processors.indices.map {
                    State.Host(processor: scenario.processors[$0], memory: scenario.memory[$0])
                },
                machines: (0..<fleet.machines).map {
                    State.Machine(
                        host: Int(fleet.places[$0]), memory: scenario.machineMemory[$0], load: fleet.loads[$0],
                        isMovable: fleet.isMovable[$0] && !fleet.isPaired($0))
                },
                apart: scenario.apart, overloaded: overloaded(fleet, target: target),
                unrelieved: relief.unrelieved.count,
                moves: relief.moves.map { State.Move(machine: $0.machine, host: $0.to) }, bound: relief.bound,
                milliseconds: took)
        }
    }

    private static func overloaded(_ fleet: DenseFleet, target: Double) -> Int {
        var loads = fleet.ownLoads
        for machine in 0..<fleet.machines { loads[Int(fleet.places[machine])] += fleet.loads[machine] }
        return loads.indices.count { Double(loads[$0]) > Double(fleet.processors[$0]) * target }
    }
}

/// An instance of Google's machine reassignment problem (ROADEF/EURO challenge 2012), as its files give it:
///
/// ```
/// model file (integers, split by white space; line breaks mean nothing; indexes count from 0)
///   resources, then for each: transient(0/1) loadWeight
///   machines, then for each: neighbourhood location capacity... safetyCapacity... moveCostToMachine...
///   services, then for each: spreadMin dependencies dependency...
///   processes, then for each: service requirement... moveCost
///   balance costs, then for each: resource1 resource2 target weight
///   weights of process, service and machine move cost
/// assignment file: the machine of each process
/// ```
struct RoadefInstance: Sendable {
    var resources = 0
    var isTransient: [Bool] = []
    var loadWeights: [Int64] = []
    var machines = 0
    var neighbourhoods: [Int32] = []
    var locations: [Int32] = []
    /// Machine by machine.
    var capacities: [Int64] = []
    /// Machine by machine.
    var safetyCapacities: [Int64] = []
    /// From, then to.
    var machineMoveCosts: [Int64] = []
    var spreadMinimums: [Int32] = []
    var dependencies: [[Int32]] = []
    /// Of each process.
    var services: [Int32] = []
    /// Process by process.
    var requirements: [Int64] = []
    var processMoveCosts: [Int64] = []
    var balances: [Balance] = []
    var processWeight: Int64 = 0
    var serviceWeight: Int64 = 0
    var machineWeight: Int64 = 0
    /// The first machine of each process.
    var start: [Int32] = []

    /// What is free of one resource should come with so much of another.
    struct Balance: Sendable, Hashable {
        var first: Int
        var second: Int
        var target: Int64
        var weight: Int64
    }

    var processes: Int { services.count }
}

/// Where a file is no instance.
struct RoadefError: Error, Hashable, CustomStringConvertible {
    let description: String
}

extension RoadefInstance {
    /// The instance of a model file and the file of its first assignment.
    init(model: [UInt8], assignment: [UInt8]) throws(RoadefError) {
        var reader = IntegerReader(model, name: "model")
        try readResources(&reader)
        try readMachines(&reader)
        try readServices(&reader)
        try readProcesses(&reader)
        try readCosts(&reader)
        try reader.end()
        start = try Self.assignment(assignment, processes: processes, machines: machines)
    }

    /// The machines of an assignment file.
    static func assignment(_ bytes: [UInt8], processes: Int, machines: Int) throws(RoadefError) -> [Int32] {
        var reader = IntegerReader(bytes, name: "assignment")
        var places: [Int32] = []
        for _ in 0..<processes { places.append(Int32(try reader.index(below: machines, "machine"))) }
        try reader.end()
        return places
    }

    private mutating func readResources(_ reader: inout IntegerReader) throws(RoadefError) {
        resources = try reader.count("resources", atMost: 64, atLeast: 1)
        for _ in 0..<resources {
            isTransient.append(try reader.index(below: 2, "transient") == 1)
            loadWeights.append(try reader.amount("load weight"))
        }
    }

    private mutating func readMachines(_ reader: inout IntegerReader) throws(RoadefError) {
        machines = try reader.count("machines", atMost: 50_000, atLeast: 1)
        for _ in 0..<machines {
            neighbourhoods.append(Int32(try reader.index(below: 1 << 31, "neighbourhood")))
            locations.append(Int32(try reader.index(below: 1 << 31, "location")))
            for _ in 0..<resources { capacities.append(try reader.amount("capacity")) }
            for _ in 0..<resources { safetyCapacities.append(try reader.amount("safety capacity")) }
            for _ in 0..<machines { machineMoveCosts.append(try reader.amount("machine move cost")) }
        }
        neighbourhoods = Self.renumbered(neighbourhoods)
        locations = Self.renumbered(locations)
    }

    /// The same groups, numbered from 0 in the order of their first appearance.
    private static func renumbered(_ groups: [Int32]) -> [Int32] {
        var numbers: [Int32: Int32] = [:]
        return groups.map { group in
            let number = numbers[group] ?? Int32(numbers.count)
            numbers[group] = number
            return number
        }
    }

    private mutating func readServices(_ reader: inout IntegerReader) throws(RoadefError) {
        let services = try reader.count("services", atMost: 1_000_000, atLeast: 0)
        for _ in 0..<services {
            spreadMinimums.append(Int32(try reader.index(below: 1 << 31, "spread")))
            var needed: Set<Int32> = []
            for _ in 0..<(try reader.count("dependencies", atMost: services, atLeast: 0)) {
                needed.insert(Int32(try reader.index(below: services, "dependency")))
            }
            dependencies.append(needed.sorted())
        }
    }

    private mutating func readProcesses(_ reader: inout IntegerReader) throws(RoadefError) {
        let processes = try reader.count("processes", atMost: 1_000_000, atLeast: 0)
        for _ in 0..<processes {
            services.append(Int32(try reader.index(below: spreadMinimums.count, "service")))
            for _ in 0..<resources { requirements.append(try reader.amount("requirement")) }
            processMoveCosts.append(try reader.amount("process move cost"))
        }
    }

    private mutating func readCosts(_ reader: inout IntegerReader) throws(RoadefError) {
        for _ in 0..<(try reader.count("balance costs", atMost: 1000, atLeast: 0)) {
            balances.append(
                Balance(
                    first: try reader.index(below: resources, "resource"),
                    second: try reader.index(below: resources, "resource"),
                    target: try reader.amount("balance target"), weight: try reader.amount("balance weight")))
        }
        processWeight = try reader.amount("process weight")
        serviceWeight = try reader.amount("service weight")
        machineWeight = try reader.amount("machine weight")
    }
}

/// Reads non-negative integers below 2^32 that white space splits.
struct IntegerReader {
    private let bytes: [UInt8]
    private let name: String
    private var place = 0
    private var line = 1

    init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    /// An amount below 2^32.
    mutating func amount(_ what: String) throws(RoadefError) -> Int64 {
        skipSpace()
        guard place < bytes.count else { throw failure("\(what) is missing: the file ends") }
        var value: Int64 = 0
        let first = place
        while place < bytes.count, case let digit = bytes[place], (48...57).contains(digit) {
            value = value * 10 + Int64(digit - 48)
            guard value < 1 << 32 else { throw failure("\(what) is 2^32 or more") }
            place += 1
        }
        guard place > first, place == bytes.count || Self.isSpace(bytes[place]) else {
            throw failure("\(what) is not a whole number")
        }
        return value
    }

    mutating func index(below limit: Int, _ what: String) throws(RoadefError) -> Int {
        let value = try amount(what)
        guard value < limit else { throw failure("\(what) is \(value), not below \(limit)") }
        return Int(value)
    }

    mutating func count(_ what: String, atMost limit: Int, atLeast least: Int) throws(RoadefError) -> Int {
        let value = try amount("number of \(what)")
        guard value >= least, value <= limit else {
            throw failure("number of \(what) is \(value), not \(least) to \(limit)")
        }
        return Int(value)
    }

    mutating func end() throws(RoadefError) {
        skipSpace()
        guard place == bytes.count else { throw failure("more follows where the file should end") }
    }

    private mutating func skipSpace() {
        while place < bytes.count, Self.isSpace(bytes[place]) {
            if bytes[place] == 10 { line += 1 }
            place += 1
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private func failure(_ text: String) -> RoadefError { RoadefError(description: "\(name):\(line): \(text)") }
}

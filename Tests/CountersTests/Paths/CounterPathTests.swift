import Testing

@testable import Counters

@Suite("Counter paths")
struct CounterPathTests {
    @Test(arguments: [
        #"\Memory\Available MBytes"#,
        #"\Hyper-V Hypervisor Logical Processor(*)\% Guest Run Time"#,
        #"\Hyper-V Hypervisor Virtual Processor(web:Hv VP 0)\% Total Run Time"#,
        #"\Hyper-V Hypervisor Virtual Processor(web*)\*"#,
        #"\PhysicalDisk(_Total)\Avg. Disk sec/Transfer"#,
        #"\Network Interface(Intel(R) PRO)\Bytes Total/sec"#,
        #"\Network Interface(Intel(R) PRO #2)\Bytes Total/sec"#,
        #"\Thread(shell/3#1)\% Processor Time"#,
        #"\\localhost\System\Context Switches/sec"#,
        #"\\.\System\Context Switches/sec"#,
        #"\Object(a#b)\Counter (per cent)"#,
    ])
    func `a path is printed as it was read`(_ text: String) throws {
        #expect("\(try CounterPath(parsing: text))" == text)
    }

    @Test func `its parts are what stands between the marks`() throws {
        let path = try CounterPath(parsing: #"\\HOST\Thread(shell/worker*#12)\% *Time"#)
        #expect(path.machine == "HOST")
        #expect(path.object == "Thread")
        let instance = try #require(path.instance)
        #expect(instance.parent?.text == "shell")
        #expect(instance.name.text == "worker*")
        #expect(instance.index == 12)
        #expect(path.counter.text == "% *Time")
    }

    @Test func `what is no number behind a hash belongs to the name`() throws {
        for name in ["a#b", "a#", "a#1b", "a#9999999999", "a#-1"] {
            let path = try CounterPath(parsing: #"\Object(\#(name))\Counter"#)
            #expect(path.instance?.index == nil)
            #expect(path.instance?.name.text == name)
        }
    }

    @Test(arguments: [
        ("", 1, #"expected "\" before the object"#),
        ("Memory", 1, #"expected "\" before the object"#),
        (#"\"#, 2, "the object has no name"),
        (#"\\"#, 3, "the machine has no name"),
        (#"\\host"#, 7, #"expected "\" before the object"#),
        (#"\\host\"#, 8, "the object has no name"),
        (#"\Memory"#, 8, #"expected "\" before the counter"#),
        (#"\Memory\"#, 9, "the counter has no name"),
        (#"\Memory\a\b"#, 10, #"nothing may follow the counter, least of all a "\""#),
        (#"\Memory\ a"#, 9, "a space at an end of the counter"),
        (#"\(a)\b"#, 2, "the object has no name"),
        (#"\Disk)\b"#, 6, #"expected "\" before the counter"#),
        (#"\Disk(a\b"#, 10, #"expected ")\" behind the instance"#),
        (#"\Disk(a)"#, 9, #"expected ")\" behind the instance"#),
        (#"\Disk()\b"#, 7, "the instance has no name; (*) means all of them"),
        (#"\Disk(#1)\b"#, 7, "the instance has no name; (*) means all of them"),
        (#"\Disk(/a)\b"#, 7, "the instance's parent has no name"),
        (#"\Disk(a/)\b"#, 9, "the instance has no name; (*) means all of them"),
        (#"\Dis*(a)\b"#, 2, "an object's name has no wildcard"),
        ("\\Mem\u{7}ory\\a", 5, "a control character"),
    ])
    func `what is wrong is named with its column`(_ text: String, _ column: Int, _ reason: String) {
        #expect(throws: CounterError.counterPath(text: text, column: column, reason: reason)) {
            try CounterPath(parsing: text)
        }
    }

    @Test func `this machine has several names`() throws {
        for machine in ["HOST", "host", "host.example.com", "localhost", "."] {
            let path = try CounterPath(parsing: #"\\\#(machine)\Memory\Pages/sec"#)
            #expect(path.isLocal(hostName: "Host.example.com"))
        }
        #expect(try !CounterPath(parsing: #"\\other\Memory\Pages/sec"#).isLocal(hostName: "host"))
        let other = #expect(throws: CounterError.self) {
            try CounterRequest(parsing: #"\\other\Memory\Pages/sec"#, hostName: "host")
        }
        #expect(other?.description.contains("evenkeel query") == true)
    }

    /// Whatever is done to a path, reading it ends in a path that reads as itself or in an error inside its text.
    @Test func `damaged paths are read or refused`() throws {
        let paths = [
            #"\\host\Hyper-V Hypervisor Virtual Processor(a/web#1:Hv VP 0#2)\% Guest Run Time"#,
            #"\Network Interface(Intel(R) PRO)\*"#,
        ]
        // A native name that is misspelt is compared with all others, which takes its time.
        let seeds = Array(repeating: paths, count: 8).flatMap(\.self) + [#"evenkeel_host_load{window="1m", a="b"}"#]
        let pieces: [Character] = Array("\\()#/* 1a\"{},=é\u{0}")
        var generator = SeededGenerator(seed: 7)
        for round in 0..<4000 {
            var text = Array(seeds[round % seeds.count])
            for _ in 0..<Int.random(in: 1...6, using: &generator) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: text.remove(at: place)
                case 1: text.insert(pieces.randomElement(using: &generator) ?? "a", at: place)
                default: text[place] = pieces.randomElement(using: &generator) ?? "a"
                }
            }
            let damaged = String(text)
            do throws(CounterError) {
                switch try CounterRequest(parsing: damaged, hostName: "host") {
                case .path(let path):
                    // A path is printed as it was written: what was misread would differ.
                    #expect("\(path)" == damaged)
                    #expect(try CounterPath(parsing: damaged) == path)
                case .native(let term): #expect(damaged.hasPrefix(term.counter.rawValue))
                }
            } catch .counterPath(_, let column, _) {
                #expect((1...damaged.count + 1).contains(column), "\(damaged): \(column)")
            } catch {
                guard case .unknownCounter = error else { Issue.record("\(error)"); continue }
            }
        }
    }
}

@Suite("Names with stars")
struct NamePatternTests {
    @Test(arguments: [
        ("*", "", true), ("*", "a", true), ("", "", true), ("", "a", false), ("web*", "WEB-1", true),
        ("web*", "we", false), ("*:Hv VP 0", "web:Hv VP 0", true), ("*:Hv VP 0", "web:Hv VP 01", false),
        ("a*b*c", "a1b2b3c", true), ("a*b*c", "a1c2b", false), ("_total", "_Total", true), ("a**", "a", true),
        ("*a", "aaaa", true), ("*ab", "aab", true), ("**a*b**", "xxaxbx", true), ("É*", "éa", true),
    ])
    func `a pattern matches`(_ pattern: String, _ name: String, _ expected: Bool) {
        #expect(NamePattern(pattern).matches(name) == expected)
    }

    @Test(.timeLimit(.minutes(1)))
    func `many stars cost no more than the product of the lengths`() {
        let pattern = NamePattern(String(repeating: "*a", count: 400) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 4000)))
    }
}

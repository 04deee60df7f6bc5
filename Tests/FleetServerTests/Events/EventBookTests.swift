import FleetModel
import Foundation
import Testing

@testable import FleetServer

/// Which foreign alerts are active when, and which series that gives.
@Suite struct EventBookTests {
    private static let fan: Labels = ["alertname": "FanFailed", "instance": "kvm1:9100"]
    private static let disk: Labels = ["alertname": "DiskSlow", "host": "kvm2"]

    private static func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: 1_000_000 + second * 1000) }

    private static func alert(_ labels: Labels = fan, start: Int64? = nil, end: Int64? = nil) -> ForeignAlert {
        ForeignAlert(labels: labels, startsAt: start.map(at), endsAt: end.map(at))
    }

    private static func names() throws -> EventNames {
        EventNames(clusters: [try #require(HostName("kvm1")): try #require(ClusterName("lab"))])
    }

    private func active(_ book: EventBook, _ second: Int64) -> [Labels] {
        book.active(at: Self.at(second)).map(\.alert.labels)
    }

    @Test func oneThatNamesNoEndLastsFiveMinutesAfterTheLastWord() {
        var book = EventBook()
        #expect(book.receive([Self.alert()], at: Self.at(0), atMost: 9).changes == 1)
        #expect(book.receive([Self.alert()], at: Self.at(100), atMost: 9).changes == 0)
        #expect(active(book, 399) == [Self.fan])
        #expect(active(book, 400) == [])
    }

    @Test func oneThatNamesItsEndLastsUntilThen() {
        var book = EventBook()
        _ = book.receive([Self.alert(end: 1000)], at: Self.at(0), atMost: 9)
        #expect(active(book, 999) == [Self.fan])
        #expect(active(book, 1000) == [])
        // What Prometheus sends when an alert is over: an end that has passed.
        #expect(book.receive([Self.alert(end: 20)], at: Self.at(20), atMost: 9).changes == 1)
        #expect(active(book, 20) == [])
        #expect(book.receive([Self.alert(end: 20)], at: Self.at(30), atMost: 9).changes == 0)
    }

    @Test func theEarliestStartIsKeptAndANewOneBeginsAnew() {
        var book = EventBook()
        _ = book.receive([Self.alert(start: 5, end: 100)], at: Self.at(10), atMost: 9)
        _ = book.receive([Self.alert(start: 8, end: 200)], at: Self.at(20), atMost: 9)
        #expect(book.events[Self.fan]?.alert.startsAt == Self.at(5))
        #expect(book.events[Self.fan]?.firstHeard == Self.at(10))
        _ = book.receive([Self.alert(start: 300, end: 400)], at: Self.at(310), atMost: 9)
        #expect(book.events[Self.fan]?.alert.startsAt == Self.at(300))
        #expect(book.events[Self.fan]?.firstHeard == Self.at(310))
    }

    @Test func ofTheSameAlertTwiceInABatchTheLastWordCounts() {
        var book = EventBook()
        let receipt = book.receive([Self.alert(end: 100), Self.alert(end: 0)], at: Self.at(10), atMost: 9)
        #expect(receipt.changes == 2)
        #expect(active(book, 10) == [])
    }

    @Test func thereIsRoomForSoManyAndKnownOnesAreAlwaysHeard() {
        var book = EventBook()
        let first = book.receive([Self.alert(), Self.alert(Self.disk)], at: Self.at(0), atMost: 1)
        #expect(first == EventBook.Receipt(changes: 1, refused: 1))
        #expect(book.receive([Self.alert()], at: Self.at(200), atMost: 1).refused == 0)
        // Room comes back when one is over.
        #expect(book.receive([Self.alert(Self.disk)], at: Self.at(600), atMost: 1).refused == 0)
    }

    @Test func seriesAreOneAndEndWithAMarkerOnce() throws {
        var book = EventBook()
        _ = book.receive([Self.alert(end: 30), Self.alert(Self.disk)], at: Self.at(0), atMost: 9)
        func round(_ second: Int64) throws -> [String] {
            let samples = book.samples(at: Self.at(second), naming: try Self.names())
            book.note(written: samples)
            #expect(samples.allSatisfy { $0.samples.times == [Self.at(second).milliseconds] })
            return samples.map { one in
                one.labels.description + (Staleness.isMarker(one.samples.values[0]) ? " ends" : "")
            }
        }
        let fan = #"evenkeel_event{alertname="FanFailed", cluster="lab", host="kvm1", instance="kvm1:9100"}"#
        let disk = #"evenkeel_event{alertname="DiskSlow", exported_host="kvm2"}"#
        #expect(try round(0) == [disk, fan])
        #expect(try round(15) == [disk, fan])
        #expect(try round(30) == [disk, fan + " ends"])
        #expect(try round(45) == [disk])
    }

    @Test func whatIsWrittenDownIsReadAgain() throws {
        var book = EventBook()
        _ = book.receive([Self.alert(start: 1, end: 30), Self.alert(Self.disk)], at: Self.at(0), atMost: 9)
        book.note(written: book.samples(at: Self.at(1), naming: try Self.names()))
        #expect(book.written.count == 2)
        #expect(try JSONDecoder().decode(EventBook.self, from: JSONEncoder().encode(book)) == book)
    }

    // MARK: Names

    @Test(
        arguments: [
            (["instance": "kvm1:9100"], ["host": "kvm1", "cluster": "lab", "instance": "kvm1:9100"]),
            (["host": "kvm1", "cluster": "lab"], ["host": "kvm1", "cluster": "lab"]),
            // The sender's words for what the fleet calls otherwise are kept beside it.
            (
                ["host": "bmc-7", "instance": "kvm1"],
                ["host": "kvm1", "cluster": "lab", "exported_host": "bmc-7", "instance": "kvm1"]
            ),
            (["host": "kvm1", "cluster": "eu"], ["host": "kvm1", "cluster": "lab", "exported_cluster": "eu"]),
            (
                ["host": "stranger", "exported_host": "x"],
                ["exported_exported_host": "stranger", "exported_host": "x"]
            ),
            (["cluster": "lab"], ["cluster": "lab"]), (["cluster": "moon"], ["exported_cluster": "moon"]),
            (["instance": "[::1]:9100"], ["instance": "[::1]:9100"]), (["instance": ":"], ["instance": ":"]),
        ] as [(Labels, Labels)])
    func hostAndClusterAreOfTheFleetOrNotThere(alert: Labels, series: Labels) throws {
        #expect(try Self.names().series(of: alert) == series.setting("__name__", to: "evenkeel_event"))
    }
}

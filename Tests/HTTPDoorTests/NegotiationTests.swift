import HTTPTypes
import Hummingbird
import MetricsWire
import Testing

@testable import HTTPDoor

/// What a reader accepts, and whom it says it is.
@Suite struct NegotiationTests {
    @Test(arguments: [
        ("", false), ("*/*", false), ("text/plain", false), ("application/json", false),
        ("application/openmetrics-text", true), ("application/openmetrics-text;version=1.0.0", true),
        ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", false),
        ("application/openmetrics-text;q=0.4,text/plain;version=0.0.4;q=0.5", false),
        ("application/openmetrics-text;q=0", false),
        // Prometheus 2.42 and 3.5.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", true
        ),
    ])
    func thePageOfMetricsComesAsTheReaderLikesIt(accept: String, isOpenMetrics: Bool) {
        let format = MetricsPage.format(accept: accept)
        #expect(format.isOpenMetrics == isOpenMetrics)
        #expect(format.takesAnyName == (isOpenMetrics && accept.contains("escaping=allow-utf-8")))
    }

    @Test(arguments: [
        ("", false), ("gzip", true), ("deflate, gzip;q=1.0, *;q=0.5", true), ("*", true), ("GZIP", true),
        ("gzip;q=0", false), ("gzip;q=0.0, *", false), ("br", false), ("identity", false), ("gzip;q=x", false),
    ])
    func compressionIsOnlyForWhoAcceptsIt(accept: String, isWanted: Bool) {
        #expect(Compression<BasicRequestContext>.isWanted(accept) == isWanted)
    }

    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic dXNlcjphYmM=", "abc"), ("Basic OmE6Yg==", "a:b"),
        ("Basic", nil), ("Basic !!", nil), ("Basic dXNlcg==", nil), ("Digest abc", nil), ("", nil),
    ])
    func aTokenIsABearersOrAPassword(header: String, token: String?) {
        #expect(Credentials.secret(in: header) == token)
    }
}

import RPC
import Testing

@Suite struct RPCCodeTests {
    @Test func `Names are those of the list of gRPC, numbers those of the wire`() {
        let list = [
            "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
            "UNAUTHENTICATED",
        ]
        #expect(RPCCode.allCases.map(\.name) == list)
        #expect(RPCCode.allCases.map(\.rawValue) == Array(0..<17))
    }

    @Test func `An error is one line, and never says that all is well`() {
        let error = RPCError(.ok, "first\nsecond\u{1B}[31m")
        #expect(error.code == .unknown)
        #expect(error.description == "UNKNOWN: first\\u000asecond\\u001b[31m")
    }
}

import GRPCShim
import Primitives
import RPC

extension RPCMetadata {
    /// The pairs for the time of the call.
    func withGRPCPairs<Result>(_ body: (UnsafeBufferPointer<mlt_grpc_pair>) -> Result) -> Result {
        // One run of bytes holds all names and values.
        var bytes: [UInt8] = []
        var ends: [(name: Int, value: Int)] = []
        for pair in pairs {
            bytes.append(utf8: pair.name)
            let name = bytes.count
            bytes.append(utf8: pair.value)
            ends.append((name, bytes.count))
        }
        return bytes.withGRPCBytes { all in
            var start = 0
            let list = ends.map { end in
                defer { start = end.value }
                return mlt_grpc_pair(
                    name: mlt_grpc_bytes(start: all.start.map { $0 + start }, count: end.name - start),
                    value: mlt_grpc_bytes(start: all.start.map { $0 + end.name }, count: end.value - end.name))
            }
            return list.withUnsafeBufferPointer(body)
        }
    }

    /// The name of the first pair that may not travel: a name that HTTP/2 does not have or that gRPC keeps for itself, or a value that is not
    /// printable ASCII.
    var firstIllegal: String? {
        for (index, pair) in pairs.enumerated() {
            let isLegal = RPCMetadata([pair]).withGRPCPairs { pairs in
                pairs.first.map { pair in withUnsafePointer(to: pair, mlt_grpc_pair_is_legal) != 0 } ?? false
            }
            let isKept = pair.name.hasPrefix("grpc-") || Self.kept.contains(pair.name)
            if !isLegal || isKept { return pair.name.isEmpty ? "number \(index + 1)" : pair.name }
        }
        return nil
    }

    private static let kept: Set<String> = ["te", "content-type", "user-agent", "host", "connection", "lb-token", "lb-cost-bin"]
}

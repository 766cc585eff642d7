import GRPCShim
import Primitives
import RPC

/// What a call says of itself before its message.
struct CallFacts: Sendable {
    let path: String
    let deadline: Deadline?
    let metadata: RPCMetadata
    /// All of it, as HTTP/2 counts it.
    let metadataBytes: Int
    /// The names that the client's certificate proves; nil without a certificate.
    let names: [String]?
    /// As gRPC has it: `fd:12`, `ipv4:192.0.2.1:4711`.
    let address: String

    init(_ cell: OpaquePointer) {
        path = String(mlt_grpc_incoming_path(cell))
        let left = mlt_grpc_incoming_time_left(cell)
        deadline = left == mlt_grpc_never ? nil : Deadline.after(seconds: Double(left) / 1e9)
        (metadata, metadataBytes) = Self.metadata(cell)
        names = Self.names(cell)
        let text = mlt_grpc_incoming_address(cell)
        address = text.map { String(cString: $0) } ?? ""
        mlt_grpc_text_free(text)
    }

    /// Names and values in ASCII. Others, whose names end in -bin, mean nothing to us.
    private static func metadata(_ cell: OpaquePointer) -> (RPCMetadata, bytes: Int) {
        var (metadata, bytes) = (RPCMetadata(), 0)
        var (name, value) = (mlt_grpc_bytes(), mlt_grpc_bytes())
        var index = 0
        while mlt_grpc_incoming_metadata(cell, index, &name, &value) != 0 {
            index += 1
            bytes += name.count + value.count + 32
            let key = String(name)
            if !key.hasSuffix("-bin") { metadata.pairs.append((name: key, value: String(value))) }
        }
        return (metadata, bytes)
    }

    private final class Names {
        var all: [String] = []
    }

    private static func names(_ cell: OpaquePointer) -> [String]? {
        let names = Names()
        let isProven = mlt_grpc_incoming_names(
            cell,
            { context, name in
                guard let context else { return }
                let text = String(name)
                let names = Unmanaged<Names>.fromOpaque(context).takeUnretainedValue()
                // The certificate is one of our authorities', who may have signed anything that a log line must not hold.
                let isPlain = !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x2C && $0.value != 0x7F }
                if isPlain, !names.all.contains(text) { names.all.append(text) }
            }, Unmanaged.passUnretained(names).toOpaque())
        return isProven != 0 ? names.all : nil
    }
}

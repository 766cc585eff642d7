import GRPCShim
import Primitives

/// What listeners show and believe at their next handshake.
final class ListenerIdentity: Sendable {
    let handle: Handle

    init(_ material: TLSMaterial) throws(Failure) {
        guard let handle = Handle(material.withPEM { mlt_grpc_identity_new(&$0) }) else {
            throw Failure(.environment, "there is no memory for a certificate")
        }
        self.handle = handle
    }

    deinit { mlt_grpc_identity_release(handle.pointer) }

    func replace(_ material: TLSMaterial) -> Bool { material.withPEM { mlt_grpc_identity_replace(handle.pointer, &$0) } != 0 }
}

import ProviderTasks
import Protobuf
import RPC

extension OperationContext {
    /// The request as it was written down.
    func read<Message: ProtobufMessage>(_ type: Message.Type = Message.self) throws(RPCError) -> Message {
        do {
            return try Message(protobuf: request)
        } catch {
            throw RPCError(.internal, "the request that was written down cannot be read: \(error)")
        }
    }
}

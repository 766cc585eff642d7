import AwkwardMessages
import Protobuf
import Testing

@Suite struct FieldTableTests {
    private static func numbers<Message: ProtobufMessage>(of type: Message.Type) -> [Int32] { type.fields.inOrder.map(\.number) }

    @Test func `No number stands twice in a table, and all are possible`() {
        for type in knownMessages {
            let numbers = Self.numbers(of: type)
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, "\(type)")
            #expect(numbers.allSatisfy { (1...536_870_911).contains($0) && !(19_000...19_999).contains($0) }, "\(type)")
        }
    }

    @Test func `A table says its fields as a .proto does`() {
        #expect(
            Tree.declaration == [
                "string name = 1", "repeated message children = 2", "map<string, message> named = 3", "enum kind = 4",
            ])
        #expect(Tree.protobufName == "awkward.Tree")
    }
}

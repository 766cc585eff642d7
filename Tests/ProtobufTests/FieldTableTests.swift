import AwkwardMessages
import Protobuf
import Testing

@Suite struct FieldTableTests {
    private static func judge<Message: ProtobufMessage>(_ type: Message.Type) {
        let table = type.fields
        let numbers = table.inOrder.map(\.number)
        #expect(Set(numbers).count == numbers.count, "\(table.name)")
        #expect(numbers == numbers.sorted(), "\(table.name)")
        for number in numbers { #expect(table[number]?.number == number, "\(table.name) \(number)") }
        for number in [0, -1, Int32.min, Int32.max, 19_500] where !numbers.contains(number) {
            #expect(table[number]?.number == nil, "\(table.name) \(number)")
        }
    }

    @Test func `No number stands twice in a table, and each is found`() {
        for type in knownMessages { Self.judge(type) }
    }

    @Test func `A table says its fields as a .proto does`() {
        #expect(
            Tree.declaration == [
                "string name = 1", "repeated message children = 2", "map<string, message> named = 3", "enum kind = 4",
            ])
        #expect(Tree.protobufName == "awkward.Tree")
    }
}

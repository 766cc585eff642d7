import Testing
@testable import Web

@Suite("Who waits for a turn")
struct WaitingLineTests {
    private static func line(_ waiting: String, limit: Int) -> (line: WaitingLine<String>, told: [String]) {
        var line = WaitingLine<String>(limit: limit)
        let told = waiting.split(separator: " ").map { name in
            switch line.append(String(name), from: .four(UInt32(name.utf8.first ?? 0))) {
            case .full: "full"
            case .admitted(let displaced): displaced ?? "in"
            }
        }
        return (line, told)
    }

    @Test(
        "Addresses, the letters here, have turns one after the other, each its own in their order",
        arguments: [
            ("a1 a2 a3 b1 b2 c1", "a1 b1 c1 a2 b2 a3"), ("a1 a2 a3", "a1 a2 a3"), ("a1 b1 a2 b2", "a1 b1 a2 b2"), ("", ""),
        ])
    func turns(_ waiting: String, _ served: String) {
        var (line, _) = Self.line(waiting, limit: 10)
        var order: [String] = []
        while let next = line.removeFirst() { order.append(next) }
        #expect(order.joined(separator: " ") == served && line.count == 0)
    }

    @Test(
        "In a full line the address with most makes room, unless the newcomer would have as many",
        arguments: [
            ("a1 a2 a3 a4 b1", "in in in in a4", "a1 b1 a2 a3"), ("a1 a2 a3 a4 a5", "in in in in full", "a1 a2 a3 a4"),
            ("a1 a2 a3 a4 b1 b2 b3", "in in in in a4 a3 full", "a1 b1 a2 b2"), ("a1 b1 c1 d1 e1", "in in in in full", "a1 b1 c1 d1"),
            ("a1 b1 b2 b3 c1 d1", "in in in in b3 b2", "a1 b1 c1 d1"),
        ])
    func crowd(_ waiting: String, _ told: String, _ served: String) {
        var (line, heard) = Self.line(waiting, limit: 4)
        #expect(heard.joined(separator: " ") == told && line.count == 4)
        var order: [String] = []
        while let next = line.removeFirst() { order.append(next) }
        #expect(order.joined(separator: " ") == served)
    }
}

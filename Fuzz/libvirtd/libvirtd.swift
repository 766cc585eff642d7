import FuzzSupport
import Primitives
@testable import Simulation

// What a simulated libvirtd is sent: every call has one answer or waits, and what is no message ends the connection with a reason.

private let plan = KVMPlan(seed: 7, host: "kvm01", domains: 9)
private let scenarios: [Scenario] = [
    .normal, .guestHung, .guestsHung, .guestLocked, .guestPausedIOError, .guestCrashed, .backingChainDeep, .blockJobStuck, .migrationStuck,
    .storageLost, .overcommitted, .diskFilling,
]

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    var timeline = Timeline(epoch: 1_790_000_000)
    try? timeline.add(scenarios[Int(input.choice / 2) % scenarios.count], node: nil, at: 1_790_000_600)
    let answers = LibvirtAnswers(world: KVMWorld(plan: plan, timeline: timeline), moment: 700)
    if input.choice % 2 == 0 { calls(input.bytes, answers) } else { stream(input.bytes, answers) }
    return 0
}

private let opened = LibvirtHeader(procedure: 1, kind: .call).message([UInt8](repeating: 0, count: 8))

/// Calls of two bytes of number and one of length each. A first byte of 0xFF in a payload stands for a domain.
private func calls(_ bytes: [UInt8], _ answers: LibvirtAnswers) {
    var desk = LibvirtDesk()
    let client = desk.add(descriptor: -1, now: 0)
    desk.receive(opened, from: client, now: 0)
    _ = desk.takeMessage(of: client, answers, now: 0)
    var rest = bytes[...]
    var serial: UInt32 = 0
    while rest.count > 3, desk.clients[client]?.isHeard == true {
        let head = Array(rest.prefix(3))
        rest = rest.dropFirst(3)
        var writer = XDRWriter()
        if rest.first == 0xFF, let domain = plan.domains.randomish(head[2]) { answers.write(domain, &writer) }
        writer.append(Array(rest.prefix(Int(head[2]))))
        rest = rest.dropFirst(Int(head[2]))
        serial += 1
        take(&desk, client)
        let before = desk.waitingCalls
        let number = Int32(head[0]) << 8 | Int32(head[1])
        desk.receive(LibvirtHeader(procedure: number % 500, kind: .call, serial: serial).message(writer.bytes), from: client, now: 0)
        demand(desk.takeMessage(of: client, answers, now: 0), "a whole message is taken")
        let replies = take(&desk, client)
        demand(
            replies + desk.waitingCalls - before == 1, "one answer to \(number): \(replies), \(before) waited, \(desk.waitingCalls) wait")
    }
    for second in [31.0, 62, 1000] { desk.tick(answers, now: second) }
    take(&desk, client)
}

/// Whatever comes, in pieces.
private func stream(_ bytes: [UInt8], _ answers: LibvirtAnswers) {
    var desk = LibvirtDesk()
    let client = desk.add(descriptor: -1, now: 0)
    for piece in stride(from: 0, to: bytes.count, by: 13) {
        desk.receive(bytes[piece..<min(bytes.count, piece + 13)], from: client, now: 0)
        while desk.takeMessage(of: client, answers, now: 0) {}
        take(&desk, client)
        guard desk.takeGoodbyes().isEmpty else { return }
    }
}

/// Reads what a client is sent, and returns how many messages it is.
@discardableResult
private func take(_ desk: inout LibvirtDesk, _ client: Int) -> Int {
    guard let bytes = desk.clients[client]?.withUnread({ Array($0) }) else { return 0 }
    desk.hasSent(bytes.count, to: client)
    var framing = LibvirtFraming()
    framing.append(bytes)
    var messages = 0
    do {
        while let message = try framing.next() {
            messages += 1
            var reader = XDRReader(message)
            let header = try LibvirtHeader(&reader)
            guard header.status == .error else { continue }
            _ = try reader.integer()
            _ = try reader.integer()
            demandFitForTerminal(try reader.optionalString() ?? "")
        }
    } catch {
        demand(false, "an answer of ours is none: \(error)")
    }
    demand(framing.count == 0, "half an answer")
    return messages
}

extension [DomainPlan] {
    fileprivate func randomish(_ byte: UInt8) -> DomainPlan? { isEmpty ? nil : self[Int(byte) % count] }
}

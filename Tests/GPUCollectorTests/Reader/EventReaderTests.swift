import Primitives
import Testing

@testable import GPUCollector

@Suite struct EventReaderTests {
    @Test func `XIDs are told with their card and moment`() {
        let nvml = ScriptedNVML()
        nvml.set { state in
            state.events = [
                EventReply(code: .success, device: ScriptedNVML.card, type: 8, data: 79),
                EventReply(code: .timeout),
                // Of another kind, and of a card that nobody knows.
                EventReply(code: .success, device: ScriptedNVML.card, type: 2, data: 1),
                EventReply(code: .success, device: 1, type: 8, data: 31),
                EventReply(code: .success, device: ScriptedNVML.card, type: 8, data: UInt64.max),
            ]
        }
        var events: [ReaderLine.XIDEvent] = []
        let reader = EventReader()
        _ = reader.run(
            Caller(nvml, ledger: CallLedger()), cards: [ScriptedNVML.card: "GPU-1"], clock: .fixed(1234), turns: 6,
            onEvent: { events.append($0) }, pause: { _ in })
        #expect(events == [ReaderLine.XIDEvent(uuid: "GPU-1", xid: 79, unixSeconds: 1234)])
        #expect(reader.listens(to: "GPU-1") == true)
    }

    @Test func `a card that cannot be listened to leaves the others`() {
        let nvml = ScriptedNVML()
        nvml.set { $0.codes[.registerEvents] = .gpuIsLost }
        let reader = EventReader()
        let end = reader.run(
            Caller(nvml, ledger: CallLedger()), cards: [ScriptedNVML.card: "GPU-1"], turns: 1, onEvent: { _ in }, pause: { _ in })
        #expect(end == nil)
        #expect(reader.listens(to: "GPU-1") == false)
        #expect(nvml.asked(.eventWait) == 0)
    }

    @Test func `a card that could not be listened to is tried again, and says so meanwhile`() {
        let nvml = ScriptedNVML()
        nvml.set { $0.codes[.registerEvents] = .unknown }
        let reader = EventReader()
        #expect(reader.listens(to: "GPU-1") == nil)
        var pauses = 0
        _ = reader.run(
            Caller(nvml, ledger: CallLedger()), cards: [ScriptedNVML.card: "GPU-1"], turns: 12, onEvent: { _ in },
            pause: { _ in
                pauses += 1
                #expect(reader.listens(to: "GPU-1") == false)
                nvml.set { $0.codes = [:] }
            })
        #expect(pauses == EventReader.turnsBetweenTries)
        #expect(reader.listens(to: "GPU-1") == true)
        #expect(nvml.asked(.registerEvents) == 2)
    }
}

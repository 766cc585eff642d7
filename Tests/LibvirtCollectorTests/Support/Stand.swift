import Primitives

@testable import LibvirtCollector

/// A hypervisor that is watched, and whose calls that hang are given up at once.
struct Stand {
    let hypervisor: ScriptedHypervisor
    let book: HypervisorBook
    let watch: HypervisorWatch

    init(_ hypervisor: ScriptedHypervisor, threadLimit: Int = 9, _ prepare: (inout LibvirtSettings) -> Void = { _ in }) {
        self.hypervisor = hypervisor
        var settings = LibvirtSettings()
        (settings.timeoutSeconds, settings.threadLimit) = (60, threadLimit)
        prepare(&settings)
        book = HypervisorBook(
            settings.uris[0], desk: HypervisorDesk(hypervisor, threadLimit: threadLimit, idleLimit: settings.connections + 3))
        watch = HypervisorWatch(book: book, settings: settings, clock: .fixed(1_700_000_000), logger: .silent)
        Self.hurry(hypervisor, book.desk)
    }

    /// A call that hangs is given up at once, as if its time had passed.
    static func hurry(_ hypervisor: ScriptedHypervisor, _ desk: HypervisorDesk) {
        hypervisor.set { state in
            state.hangs = { call, uuid in
                desk.expire { $0.call == call && (uuid.map($0.domains.contains) ?? true) }
            }
        }
    }

    var view: HypervisorView { book.view(now: .now, maximumAgeSeconds: 1000) }

    var suspects: [String] { view.domains.filter { $0.suspect != nil }.map(\.basics.uuid) }

    /// Those that told something.
    var told: Int { view.domains.count { $0.statistics != nil } }

    /// Rounds until something is so, or too many.
    func rounds(until condition: () -> Bool) async -> Bool {
        for _ in 0..<2000 {
            _ = await watch.round()
            if condition() { return true }
            await Task.yield()
        }
        return false
    }

    /// Waits for what happens beside it.
    static func wait(until condition: () -> Bool) async -> Bool {
        let deadline = Deadline.after(seconds: 20)
        while !deadline.hasPassed {
            if condition() { return true }
            await Task.yield()
        }
        return false
    }

    static func twenty(_ prepare: (inout ScriptedHypervisor.State) -> Void = { _ in }) -> ScriptedHypervisor {
        ScriptedHypervisor { state in
            Estate.fill(&state, count: 20)
            prepare(&state)
        }
    }
}

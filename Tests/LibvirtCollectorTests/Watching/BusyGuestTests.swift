import LibvirtAPI
import Primitives
import Testing

@testable import LibvirtCollector

/// Guests that a job holds and that are well, alone and beside one that hangs. Shares are of five: domains 0 to 4 are asked together.
@Suite struct BusyGuestTests {
    private static let (hung, busy) = (Estate.uuid(1), Estate.uuid(3))

    private static func stand(_ prepare: (inout ScriptedHypervisor.State) -> Void = { _ in }) -> Stand { Stand(Stand.twenty(prepare)) }

    @Test func `a job that lets nobody in is no reason to be suspect`() async {
        let stand = Self.stand { $0.busy = [Self.busy] }
        for _ in 0..<3 { #expect(await stand.watch.round()) }
        #expect(stand.suspects.isEmpty && stand.told == 19 && stand.view.threads.total == 0 && stand.view.problems.isEmpty)
    }

    @Test(arguments: [0, 1, 4])
    func `beside one that hangs the busy one is not named`(_ culprit: Int) async {
        let stand = Self.stand { state in
            state.busy = [Self.busy]
            state.hanging = ["\(ShardReading.call) \(Estate.uuid(culprit))"]
        }
        for _ in 0..<3 { #expect(await stand.watch.round()) }
        #expect(stand.suspects == [Estate.uuid(culprit)] && stand.told == 18 && stand.view.threads.total == 1)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty && stand.told == 19 })
    }

    /// What could not be asked says nothing of anybody.
    @Test(arguments: [true, false])
    func `where monitors cannot be asked nobody is named until it is sure`(_ isRefused: Bool) async {
        let stand = Self.stand { state in
            state.busy = [Self.busy]
            state.hanging = ["\(ShardReading.call) \(Self.hung)"]
            state.errors = [MonitorReading.call: SourceError(isRefused ? .denied : .failed, "not now")]
        }
        for _ in 0..<2 { #expect(await stand.watch.round()) }
        #expect(stand.suspects.isEmpty && stand.told == 18 && stand.view.threads.total == 1)
        stand.hypervisor.set { $0.busy = [] }
        #expect(await stand.watch.round())
        #expect(stand.suspects == [Self.hung] && stand.told == 19 && stand.view.threads.total == 1)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty && stand.told == 20 })
    }

    @Test func `when the call about monitors hangs nobody is named for it, and the list goes on`() async {
        let stand = Self.stand { state in
            state.busy = [Self.busy]
            state.hanging = ["\(ShardReading.call) \(Self.hung)"]
        }
        #expect(await stand.watch.round())
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty })
        // As soon as somebody hangs, so does whoever asks for monitors; whoever lists had asked already.
        let (hypervisor, desk) = (stand.hypervisor, stand.book.desk)
        hypervisor.set { state in
            state.hanging = ["\(ShardReading.call) \(Self.hung)"]
            state.hangs = { call, uuid in
                if call == ShardReading.call { hypervisor.set { _ = $0.hanging.insert(MonitorReading.call) } }
                desk.expire { $0.call == call && (uuid.map($0.domains.contains) ?? true) }
            }
        }
        #expect(await stand.watch.round())
        #expect(stand.suspects.isEmpty && stand.view.isUp == true)
        hypervisor.set { $0.hanging.remove(MonitorReading.call) }
        #expect(await stand.rounds { stand.suspects == [Self.hung] })
        hypervisor.set { $0.hanging = [] }
    }

    @Test func `a command that has waited for a moment only is no reason`() async {
        let stand = Self.stand { state in
            state.held = [Self.busy]
            state.atJob = [Self.hung]
            state.occupiedSeconds = 1
            state.hanging = ["\(ShardReading.call) \(Self.hung)"]
        }
        #expect(await stand.watch.round())
        #expect(!stand.suspects.contains(Self.busy))
        stand.hypervisor.set { $0.held = [] }
        #expect(await stand.rounds { stand.suspects == [Self.hung] })
        stand.hypervisor.set { $0.hanging = [] }
    }

    // MARK: locks

    @Test(arguments: ["virDomainGetJobStats", "virDomainGetBlockJobInfo", "virDomainGetDiskErrors"])
    func `a call that waits for a lock does not hang yet`(_ call: String) async {
        let stand = Self.stand { state in
            state.hanging = ["\(call) \(Self.busy)"]
            state.atJob = [Self.busy]
        }
        for _ in 0..<3 { #expect(await stand.watch.round()) }
        #expect(stand.suspects.isEmpty && stand.told == 20 && stand.view.threads.hanging == 1)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.view.threads.hanging == 0 })
        #expect(await stand.watch.round())
        #expect(stand.view.domains.allSatisfy { $0.details?.job != nil } && stand.view.threads.total == 1)
    }

    @Test func `a suspect that a job holds is none any more`() async {
        let stand = Self.stand { $0.held = [Self.busy] }
        #expect(await stand.watch.round())
        #expect(stand.suspects == [Self.busy])
        stand.hypervisor.set { state in (state.held, state.busy) = ([], [Self.busy]) }
        #expect(await stand.watch.round())
        #expect(stand.suspects.isEmpty)
    }

    // MARK: a QEMU that hangs in a job

    @Test func `one that hangs while it migrates is named`() async {
        let stand = Self.stand { state in
            state.hanging = ["\(ShardReading.call) \(Self.hung)"]
            state.atJob = [Self.hung]
        }
        for _ in 0..<3 { #expect(await stand.watch.round()) }
        #expect(stand.suspects == [Self.hung] && stand.told == 19 && stand.view.threads.total == 1)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty && stand.told == 20 })
    }

    @Test func `of two at jobs nobody knows which one hangs until the other answers`() async {
        let stand = Self.stand { state in
            state.hanging = ["\(ShardReading.call) \(Self.hung)"]
            state.atJob = [Self.hung]
            state.busy = [Self.busy]
        }
        for _ in 0..<2 { #expect(await stand.watch.round()) }
        #expect(stand.suspects.isEmpty && stand.told == 18)
        stand.hypervisor.set { $0.busy = [] }
        #expect(await stand.watch.round())
        #expect(stand.suspects == [Self.hung] && stand.told == 19)
        stand.hypervisor.set { $0.hanging = [] }
    }

    // MARK: who recovers

    @Test(arguments: [true, false], 0..<3)
    func `of three that hang in one share the one that recovers is asked again`(_ tellsControls: Bool, _ well: Int) async {
        let all = (0..<3).map(Estate.uuid)
        let stand = Self.stand { state in
            state.tellsControls = tellsControls
            state.hanging = Set(all.map { "\(ShardReading.call) \($0)" })
        }
        for _ in 0..<2 { #expect(await stand.watch.round()) }
        #expect(stand.suspects == all && stand.told == 17 && stand.view.threads.hanging == 3)
        stand.hypervisor.set { $0.hanging.remove("\(ShardReading.call) \(all[well])") }
        let others = all.filter { $0 != all[well] }
        #expect(await stand.rounds { stand.suspects == others && stand.told == 18 && stand.view.threads.hanging == 2 })
        let record = stand.view.domains.first { $0.basics.uuid == all[well] }
        #expect(record?.suspect == nil && record?.statistics != nil && record?.details != nil)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty && stand.told == 20 })
    }

    @Test func `the next instance of one that hung is not suspect`() async {
        let stand = Self.stand { $0.held = [Self.hung] }
        #expect(await stand.watch.round())
        #expect(stand.suspects == [Self.hung])
        stand.hypervisor.set { state in
            state.held = []
            state.tellsControls = false
            state.domains[1].id = 2
        }
        #expect(await stand.watch.round())
        #expect(stand.suspects.isEmpty && stand.told == 20)
    }
}

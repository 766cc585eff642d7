import Glibc
import Ownership
import Primitives
import Synchronization

/// Finds out who works on the cards, on a thread of its own: what it reads of /proc and of Proxmox may hang.
final class OwnerResolver: Sendable {
    private let finder: OwnerFinder
    private let state = Mutex(State())

    private struct State {
        var isWanted = false
        var isRunning = false
    }

    private static let pauseMicroseconds: UInt32 = 250_000

    init(_ finder: OwnerFinder) { self.finder = finder }

    /// Until `stop`. A thread that still hangs from before is not followed by another: it goes on when it comes back.
    func start(_ book: CardBook) throws(Failure) {
        let mustStart = state.withLock { state in
            state.isWanted = true
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        do throws(Failure) {
            try Thread.start("gpu-owners") { [self] in
                var known: [String: Int] = [:]
                while goesOn() {
                    resolve(book, &known)
                    usleep(Self.pauseMicroseconds)
                }
            }
        } catch {
            state.withLock { $0.isRunning = false }
            throw error
        }
    }

    func stop() { state.withLock { $0.isWanted = false } }

    private func goesOn() -> Bool {
        state.withLock { state in
            state.isRunning = state.isWanted
            return state.isWanted
        }
    }

    /// Resolves the samples that are new.
    func resolve(_ book: CardBook, _ known: inout [String: Int]) {
        for card in book.samples(newerThan: known) {
            known[card.identity.uuid] = card.generation
            book.set(usage(card.sample), of: card.identity.uuid, takenAt: card.takenAt)
        }
    }

    func usage(_ sample: CardSample) -> OwnerUsage {
        var usage = OwnerUsage()
        for process in sample.processes ?? [] {
            if let owner = finder.owner(ofProcess: process.pid) { usage.owners[process.pid] = OwnerKey(owner) }
        }
        for vgpu in sample.vgpus ?? [] { usage.guests[vgpu.uuid] = .some(guest(vgpu)) }
        var processes = sample.processes ?? []
        usage.isWhole = false
        if sample.identity.virtualizationMode == VirtualizationMode.hostVGPU.rawValue {
            // Without one of them nobody's share would be right.
            guard let vgpus = sample.vgpus, sample.facts[.vgpus].map({ Double(vgpus.count) == $0 }) ?? true else { return usage }
            // The host's part of the vGPUs: what it has is the virtual machines'.
            processes.removeAll { usage.owners[$0.pid]?.id == Self.vgpuManager }
        }
        usage.isWhole = true
        usage.shares = OwnerUsage.shares(processes, owners: usage.owners)
        usage.give(sample.vgpus ?? [])
        usage.instances = OwnerUsage.instances(processes, owners: usage.owners)
        return usage
    }

    private static let vgpuManager = "nvidia-vgpu-mgr.service"

    /// The UUID of a mediated device holds the vmid where Proxmox has made it; else the VM's own UUID leads to its file.
    private func guest(_ vgpu: VGPUSample) -> VMDirectory.Guest? {
        if !vgpu.mdevUUID.isEmpty, let guest = finder.machines.guest(uuid: vgpu.mdevUUID) { return guest }
        guard vgpu.isVMUUID, !vgpu.vm.isEmpty else { return nil }
        return finder.machines.guest(uuid: vgpu.vm)
    }
}

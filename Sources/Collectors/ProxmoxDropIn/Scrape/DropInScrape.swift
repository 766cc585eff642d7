import JSON
import Metrics
import Primitives
import ProxmoxAPI
import Web

/// One request to `/pve`: each endpoint of the API is asked once, however many families read it, and all that can be at the same time.
///
/// The first call that fails fails the whole, as dashboards of `/pve` expect: what is there is complete.
struct DropInScrape: Sendable {
    let client: ProxmoxClient
    let families: DropInFamilies
    let collectors: DropInCollectors
    /// The parameters of the same names.
    let cluster: Bool
    let node: Bool
    let http: HTTPClient
    let deadline: Deadline

    /// What a call gave.
    enum Piece: Sendable {
        case status(ClusterRows)
        case backups(SampleBuffer, count: Int)
        case guests(GuestList)
        case onBoot(GuestList.Guest, Double?)
        case samples(SampleBuffer)
    }

    private enum Outcome: Sendable {
        case piece(Piece)
        case failure(ProxmoxError)
    }

    func run() async throws(ProxmoxError) -> [SampleBuffer] {
        if client.wasRefused { _ = try await client.version(http: http, by: deadline) }
        let result = await withTaskGroup(of: Outcome.self) { group -> Result<[SampleBuffer], ProxmoxError> in
            var assembly = DropInAssembly(scrape: self)
            // A node may have thousands of guests, each with a call: what cannot be asked yet is no task yet.
            var waiting = firstCalls[...]
            var underWay = 0
            while true {
                while underWay < 2 * ProxmoxClient.callsPerNode, let call = waiting.popFirst() {
                    underWay += 1
                    group.addTask {
                        do throws(ProxmoxError) { return .piece(try await call.run(self)) } catch { return .failure(error) }
                    }
                }
                guard let outcome = await group.next() else { break }
                underWay -= 1
                do throws(ProxmoxError) {
                    switch outcome {
                    case .failure(let error): throw error
                    case .piece(let piece): waiting += try assembly.take(piece)
                    }
                } catch {
                    group.cancelAll()
                    return .failure(error)
                }
            }
            return .success(assembly.all)
        }
        return try result.get()
    }

    /// Those that need no other's answer, the largest first.
    private var firstCalls: [Call] {
        var calls: [Call] = []
        let ofCluster = collectors.status || collectors.node || collectors.cluster || collectors.backupInfo || collectors.qdevice
        let ofNode = collectors.config || collectors.replication || collectors.subscription
        if cluster && (collectors.resources || collectors.status) { calls.append(.resources) }
        if cluster && ofCluster || node && ofNode { calls.append(.status) }
        if cluster && collectors.backupInfo { calls.append(.backups) }
        if cluster && collectors.version { calls.append(.version) }
        return calls
    }
}

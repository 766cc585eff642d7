import Exporting
import Primitives
import ProxmoxAPI
import Synchronization

/// A configured cluster and what is remembered of it between scrapes.
final class ProxmoxCluster: Sendable {
    private struct State {
        var name: String?
        var guests: [Int: GuestIdentity] = [:]
        var wasRefused = false
    }

    let client: ProxmoxClient
    /// From the settings; nil takes the cluster's own.
    let configuredName: String?
    private let state = Mutex(State())

    init(_ settings: ProxmoxSettings.Cluster) {
        client = ProxmoxClient(endpoint: settings.endpoint)
        configuredName = settings.name
    }

    /// The value of the label `cluster`, once it is known.
    var name: String? { configuredName ?? state.withLock { $0.name } }

    /// Learns the cluster's own name: the cluster's, else the only node's.
    func learnName(_ status: ClusterStatus?, _ resources: ClusterResources?) {
        var found = status?.clusterName
        if found == nil, let status, status.nodes.count == 1 { found = status.nodes[0].name }
        if found == nil, status == nil, let resources, resources.nodes.count == 1 { found = resources.nodes[0].name }
        guard let found else { return }
        // A name once learnt from the cluster is not given up for a guess.
        state.withLock { if status != nil || $0.name == nil { $0.name = found } }
    }

    func remembered(_ vmid: Int) -> GuestIdentity? { state.withLock { $0.guests[vmid] } }

    /// Keeps what was seen in this scrape and forgets guests that are gone.
    func remember(_ guests: [Int: GuestIdentity]) { state.withLock { $0.guests = guests } }

    /// Whether the last scrape was refused with 401; then one call asks first, so that a bad token is not tried three times at once.
    var wasRefused: Bool {
        get { state.withLock { $0.wasRefused } }
        set { state.withLock { $0.wasRefused = newValue } }
    }

    func versionError(_ context: CollectionContext) async -> ProxmoxError? {
        do throws(ProxmoxError) {
            _ = try await client.version(http: context.http, by: context.deadline)
            return nil
        } catch {
            return error
        }
    }
}

import Exporting
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Synchronization

/// A configured cluster and what is remembered of it between scrapes.
final class ProxmoxCluster: Sendable {
    private struct State {
        var name: String?
        /// The name came from a cluster, not from a node that stands alone.
        var isCluster = false
        var guests: [Int: GuestIdentity] = [:]
        var hiddenGuests: Set<Int> = []
        var storageTypes: [ClusterPicture.Storage: String] = [:]
    }

    let client: ProxmoxClient
    /// From the settings; nil takes the cluster's own.
    let configuredName: String?
    let filter: GuestFilter
    /// What is asked for on timers.
    let slowLane: SlowLane
    let rights: Rights
    private let state = Mutex(State())

    /// Its place in the settings.
    let position: Int

    init(_ settings: ConfiguredCluster, position: Int, slow: [any AnySlowShelf] = [], clock: SlowClock = .system) {
        self.position = position
        client = ProxmoxClient(endpoint: settings.endpoint, others: settings.otherEndpoints, session: ProxmoxSession(settings.credential))
        configuredName = settings.name
        filter = settings.filter
        rights = Rights(clock: clock)
        slowLane = SlowLane(client, slow, clock: clock)
    }

    /// Whether another one is about the same nodes and guests under the same name; a credential may have been exchanged.
    func isSame(as other: ProxmoxCluster) -> Bool {
        configuredName == other.configuredName && filter == other.filter
            && client.endpoints.map(\.baseURL) == other.client.endpoints.map(\.baseURL)
    }

    /// Takes over what the other has learnt.
    func follow(_ other: ProxmoxCluster) {
        let known = other.state.withLock { $0 }
        state.withLock { $0 = known }
        slowLane.follow(other.slowLane)
    }

    /// The value of the label `cluster`, once it is known.
    var name: String? { configuredName ?? state.withLock { $0.name } }

    /// Whether it is known to be a cluster: then an answer that knows none is not the truth.
    var isCluster: Bool { state.withLock { $0.isCluster } }

    /// Learns the cluster's own name, or the only node's; the second only while nothing is known, as it may be half an answer.
    func learnName(_ status: ClusterStatus?, _ resources: ClusterResources?) {
        var lone: String?
        if let status, status.nodes.count == 1 { lone = status.nodes[0].name }
        if status == nil, let resources, resources.nodes.count == 1 { lone = resources.nodes[0].name }
        state.withLock { state in
            if let name = status?.clusterName {
                state.name = name
                state.isCluster = true
            } else if state.name == nil {
                state.name = lone
            }
        }
    }

    /// The name of a cluster that this cannot be, or of a node that stands alone: what was asked now belongs to another one than what was
    /// asked before.
    func stranger(_ status: ClusterStatus?) -> String? {
        guard client.endpoints.count > 1, let status else { return nil }
        return state.withLock { state in
            if let name = status.clusterName { return state.isCluster && state.name != name ? name : nil }
            guard !state.isCluster, status.nodes.count == 1, let known = state.name else { return nil }
            return status.nodes[0].name != known ? status.nodes[0].name : nil
        }
    }

    func remembered(_ vmid: Int) -> GuestIdentity? { state.withLock { $0.guests[vmid] } }

    /// Guests that the filter left out of the last scrape.
    var hiddenGuests: Set<Int> { state.withLock { $0.hiddenGuests } }

    /// Keeps what was seen in this scrape and forgets guests that are gone.
    func remember(_ guests: [Int: GuestIdentity], hidden: Set<Int>) {
        state.withLock { state in
            state.guests = guests
            state.hiddenGuests = hidden
        }
    }

    /// The plugin of each storage, as it was last told.
    var storageTypes: [ClusterPicture.Storage: String] { state.withLock { $0.storageTypes } }

    func remember(_ storageTypes: [ClusterPicture.Storage: String]) { state.withLock { $0.storageTypes = storageTypes } }
}

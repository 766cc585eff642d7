import Primitives

/// What was found out about one cluster: an entry of `proxmox.clusters`.
struct ClusterEntry: Sendable {
    /// Whom to believe behind https, as the settings say it.
    enum Trust: Sendable, Equatable {
        case system
        case authority(file: String)
        case fingerprints([String])
    }

    /// What the cluster calls itself, or its only node; for comments and for telling it.
    let foundName: String?
    /// The value of the label `cluster`, where the cluster's own name does not do.
    var name: String?
    /// `https://pve1.example.org:8006`; the first is asked first.
    let endpoints: [String]
    let trust: Trust
    /// An absolute path.
    var tokenFile: String
    /// What stands in it; nil when it is there already.
    let token: Secret?
}

/// How settings of a cluster are called where it is configured: in an entry of martlet.yml, or by variables.
enum SettingWords: Sendable {
    case file
    case variables

    enum Key: String, Sendable {
        case endpoint
        case authority = "ca_file"
        case fingerprint
        case verification = "verify_tls"
    }

    /// Where something is to be changed.
    var place: Finding.Remedy.Place { self == .file ? .settings : .environment }

    func name(_ key: Key) -> String {
        guard self == .variables else { return key.rawValue }
        return switch key {
        case .endpoint: "PROXMOX_HOST"
        case .authority: "PROXMOX_CA_FILE"
        case .fingerprint: "PROXMOX_FINGERPRINT"
        case .verification: "PROXMOX_VERIFY_TLS"
        }
    }

    /// As it is to be written.
    func line(_ key: Key, _ value: String) -> String { name(key) + (self == .file ? ": " : "=") + value }
}

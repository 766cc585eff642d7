/// A guest's tags as a list. Proxmox VE writes them with semicolons between them, and reads commas and spaces too, which configurations
/// edited by hand have.
enum GuestTags {
    /// Tags of one guest that are believed, and bytes of all of them: each becomes a label, and whoever rules a cluster must not fill
    /// Prometheus with them.
    private static let limit = 64
    private static let bytes = 1024

    static func list(_ text: String) -> [String] {
        var tags: [String] = []
        var left = bytes
        for tag in text.split(whereSeparator: { $0 == ";" || $0 == "," || $0 == " " }) where tags.count < limit {
            guard tag.utf8.count <= left else { break }
            left -= tag.utf8.count
            tags.append(String(tag))
        }
        return tags
    }
}

/// How fine a family's series are; also how fine a scrape shows what there is: families above that level are not collected.
package enum Detail: String, Sendable, Comparable, CaseIterable {
    /// One series, at most a few, for a cluster, a node, a storage or a guest.
    case guest
    /// One series for each virtual disk or network card of a guest.
    case disk
    /// What is dear, and wanted by some only.
    case all

    /// What holds when nobody says otherwise.
    package static let standard = Detail.disk

    private var rank: Int {
        switch self {
        case .guest: 0
        case .disk: 1
        case .all: 2
        }
    }

    package static func < (left: Detail, right: Detail) -> Bool { left.rank < right.rank }
}

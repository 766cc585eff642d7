/// Guests that are copied to a storage again and again.
struct BackupJob: Sendable {
    /// How the guests are named.
    enum Selection: Sendable {
        case guests
        case pool(String)
        /// All but these; for estates in which the others would fill pages.
        case allBut([Int])
    }

    let id: String
    let comment: String?
    /// As calendar events are written.
    let schedule: String
    /// 0 for Sunday; nil for every day.
    let weekday: Int?
    let minuteOfDay: Int
    let storage: String
    let mode: String?
    let isEnabled: Bool
    let selection: Selection
    /// Positions of all its guests, in the order of vmids.
    var guests: [Int]
    /// The same by node.
    var guestsByNode: [[Int]]

    /// The start that comes next, in unix time.
    func nextRun(after unixSeconds: Int) -> Int {
        let today = LocalTime(unixSeconds: unixSeconds).day
        let next = (0...7).lazy.map { start(onDay: today + $0) }.first { ($0 ?? 0) > unixSeconds }
        return (next ?? nil) ?? unixSeconds
    }

    /// When it starts on a day; nil when it does not.
    func start(onDay day: Int) -> Int? {
        if let weekday, weekday != LocalTime.weekday(ofDay: day) { return nil }
        return LocalTime.unixSeconds(day: day, second: minuteOfDay * 60)
    }
}

/// Sets up the backup jobs of a cluster: each night all guests that are not left out, each Saturday some of them again, and one that
/// somebody has switched off.
struct BackupPlan {
    let jobs: [BackupJob]

    /// Above this many guests a job names those that it leaves out.
    private static let listLimit = 500

    init(guests: [Guest], nodeCount: Int, notBackedUp: [Int], pool: String?) {
        let missing = Set(notBackedUp)
        let covered = guests.map(\.index).filter { !missing.contains($0) }
        func byNode(_ positions: [Int]) -> [[Int]] {
            var sorted = [[Int]](repeating: [], count: nodeCount)
            for index in positions { sorted[guests[index].node].append(index) }
            return sorted
        }
        let weekly = Array(covered.enumerated().filter { $0.offset % 5 == 0 }.map(\.element).prefix(40))
        let pooled = pool.map { name in guests.filter { $0.pool == name }.map(\.index) } ?? []
        jobs = [
            BackupJob(
                id: "backup-daily", comment: "nightly", schedule: "02:30", weekday: nil, minuteOfDay: 150, storage: "nas", mode: "snapshot",
                isEnabled: true, selection: covered.count > Self.listLimit ? .allBut(notBackedUp) : .guests, guests: covered,
                guestsByNode: byNode(covered)),
            BackupJob(
                id: "backup-weekly", comment: "beside the nightly one", schedule: "sat 18:15", weekday: 6, minuteOfDay: 1095,
                storage: "local", mode: "stop", isEnabled: true, selection: .guests, guests: weekly, guestsByNode: byNode(weekly)),
            BackupJob(
                id: "backup-off", comment: nil, schedule: "sun 01:00", weekday: 0, minuteOfDay: 60, storage: "nas", mode: nil,
                isEnabled: false, selection: pool.map { .pool($0) } ?? .allBut([]), guests: pooled, guestsByNode: byNode(pooled)),
        ]
    }
}

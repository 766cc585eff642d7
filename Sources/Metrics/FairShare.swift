/// The most that one of several may have of what there is, so that those who want less get all that they want, and the others equally much.
///
/// - Parameter room: for all of them together; none where it is negative.
package func fairShare(of room: Int, _ wanted: some Collection<Int>) -> Int {
    var left = max(0, room)
    for (place, want) in wanted.sorted().enumerated() {
        let share = left / (wanted.count - place)
        guard want <= share else { return share }
        left -= want
    }
    return .max
}

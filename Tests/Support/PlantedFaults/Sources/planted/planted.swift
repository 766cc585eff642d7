import Glibc

/// Does one thing that it must not, or none.
@main
enum Planted {
    nonisolated(unsafe) private static var sum = 0

    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "race": count(onThreads: 2)
        case "overflow": write(bytesBehind: 1)
        default:
            count(onThreads: 1)
            write(bytesBehind: 0)
        }
    }

    /// More than one thread is one too many. Tasks would not do: they may follow each other on one thread, and then there is no race.
    private static func count(onThreads number: Int) {
        var threads = [pthread_t](repeating: 0, count: number)
        for index in threads.indices {
            pthread_create(
                &threads[index], nil,
                { _ in
                    for _ in 0..<1_000 { Planted.sum += 1 }
                    return nil
                }, nil)
        }
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Writes so much behind the end of its memory.
    private static func write(bytesBehind size: Int) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
        defer { memory.deallocate() }
        for index in 0..<(16 + size) { memory[index] = 1 }
    }
}

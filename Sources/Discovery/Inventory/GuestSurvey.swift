import Exporting
import Primitives
import ProxmoxAPI
import Synchronization

/// Asks for configurations and addresses of guests: of each node one at a time, so that of its three workers two are left for others.
struct GuestSurvey: Sendable {
    /// Lets one thing be done to the book, which is told the time.
    typealias Book = @Sendable (_ body: (inout ClusterBook, _ now: Double) -> Void) -> Void

    /// Nodes that are asked at the same time.
    private static let lanesAtOnce = 16

    let client: ProxmoxClient
    let context: CollectionContext
    let callSeconds: Double
    /// Nothing is known yet and somebody waits: two of a node's workers.
    let isHasty: Bool
    let book: Book
    /// Guests that are asked about at most; the others stay due.
    var limit = Int.max
    /// When calls that are under way are given up too; nil to let them come to their end.
    var end: Deadline?

    /// Asks about whoever is due, until all were or the deadline comes; the others stay due.
    func run(by deadline: Deadline) async {
        let queue = Queue()
        book { book, now in
            var room = limit
            for (node, jobs) in book.takeDue(now: now).sorted(by: { $0.key < $1.key }) {
                let taken = jobs.prefix(room)
                room -= taken.count
                queue.fill(node, taken)
                for job in jobs.dropFirst(taken.count) { book.putBack(job) }
            }
        }
        let nodes = queue.nodes
        guard !nodes.isEmpty else { return }
        let lanes = isHasty ? nodes + nodes : nodes
        let places = AsyncSemaphore(limit: Self.lanesAtOnce)
        await withDiscardingTaskGroup { group in
            for node in lanes {
                group.addTask {
                    while !deadline.hasPassed, !Task.isCancelled {
                        let isDone = await places.withPermit(by: deadline) {
                            guard let job = queue.next(of: node) else { return true }
                            let reading = await read(job)
                            book { $0.finish(job, reading, now: $1, spread: .random(in: 0.9...1.1)) }
                            // Whoever is silent twice is asked again at the next survey.
                            return queue.note(node, isSilent: reading.isNodeSilent)
                        }
                        if isDone ?? true { return }
                    }
                }
            }
        }
        let left = queue.rest
        if !left.isEmpty { book { book, _ in for job in left { book.putBack(job) } } }
    }

    /// Who is to be asked about, by node.
    private final class Queue: Sendable {
        private let jobs = Mutex<[String: ArraySlice<ClusterBook.Job>]>([:])
        /// Answers in a row that did not come, by node.
        private let silences = Mutex<[String: Int]>([:])

        /// Whether the node is to be left alone.
        func note(_ node: String, isSilent: Bool) -> Bool {
            silences.withLock { silences in
                silences[node] = isSilent ? (silences[node] ?? 0) + 1 : 0
                return (silences[node] ?? 0) >= 2
            }
        }

        func fill(_ node: String, _ due: ArraySlice<ClusterBook.Job>) { jobs.withLock { $0[node] = due } }
        func next(of node: String) -> ClusterBook.Job? { jobs.withLock { $0[node]?.popFirst() } }
        var nodes: [String] { jobs.withLock { $0.keys.sorted() } }
        var rest: [ClusterBook.Job] { jobs.withLock { $0.values.flatMap { $0 } } }
    }

    private var call: Deadline {
        let usual = Deadline.after(seconds: callSeconds)
        return end.map { min($0, usual) } ?? usual
    }

    private func read(_ job: ClusterBook.Job) async -> ClusterBook.Reading {
        var reading = ClusterBook.Reading()
        var wantsAddresses = job.wantsAddresses
        if job.wantsConfiguration {
            do throws(ProxmoxError) {
                let configuration = try await client.configuration(of: job.vmid, job.kind, on: job.node, http: context.http, by: call)
                let details = GuestRecord.Details(configuration, job.kind)
                reading.details = details
                wantsAddresses = wantsAddresses && details.hasAgent
            } catch {
                reading.isNodeSilent = error.isOfNode
                reading.failed = true
                reading.addresses = .silent(error.kind == .forbidden ? .forbidden : .unread)
                return reading
            }
        }
        guard wantsAddresses else { return reading }
        do throws(ProxmoxError) {
            let addresses =
                switch job.kind {
                case .qemu: try await client.agentAddresses(of: job.vmid, on: job.node, http: context.http, by: call)
                case .lxc: try await client.containerAddresses(of: job.vmid, on: job.node, http: context.http, by: call)
                }
            reading.addresses = .told(addresses)
        } catch {
            reading.isNodeSilent = error.isOfNode
            reading.addresses = .silent(error.kind == .forbidden ? .forbidden : job.kind == .qemu ? .agentSilent : .unread)
        }
        return reading
    }
}

extension ProxmoxError {
    /// Nobody has said anything of the guest: the node, or the way to it, failed.
    fileprivate var isOfNode: Bool {
        switch kind {
        case .nodeUnreachable, .timeout, .unreachable, .tls, .unauthorized, .tooLarge, .malformed: true
        case .forbidden: false
        // An agent that is silent and a guest that has moved away are 500, a gateway in front of the node 502 and above.
        case .refused(let status): status != 500 && status != 400 && status != 404
        }
    }
}

extension GuestRecord.Details {
    init(_ configuration: GuestConfiguration, _ kind: GuestKind) {
        self.init(
            cards: configuration.networkCards, systemType: configuration.systemType, bootStorage: configuration.bootDisk?.storage,
            hasAgent: kind == .lxc || configuration.hasAgent ?? false)
    }
}

import Glibc
import Primitives

/// A thread that serves all clients of the socket. Nothing it does blocks, so that nobody waits for another.
final class LibvirtServer: Sendable {
    /// More wait until somebody leaves.
    static let clientLimit = 120
    /// How often it looks what time has brought.
    private static let tickMilliseconds: Int32 = 100
    private static let chunkBytes = 65_536
    /// Messages of one client before the next one's turn.
    private static let turnLimit = 32
    /// What all clients may have sent without an end.
    private static let inputLimit = 64 << 20

    private let source: KVMWorldSource
    private let path: String
    private let logger: Logger
    private let bell: Pipe
    private let ended = OneAnswer<Void>()

    /// Listens, and starts the thread.
    ///
    /// Errors: a path on which nobody can listen.
    init(_ source: KVMWorldSource, path: String, logger: Logger) throws(Failure) {
        self.source = source
        self.path = path
        self.logger = logger
        bell = try Pipe()
        let answers = source.current()
        var first: UnixSocket?
        do throws(Failure) {
            if answers.world.isDaemonUp(at: answers.moment) { first = try UnixSocket(path: path) }
            let socket = first
            try Thread.start("libvirtd") { [self] in run(socket) }
        } catch {
            first?.end()
            close(bell.reading)
            close(bell.writing)
            throw error
        }
    }

    /// Closes all connections; the socket is gone afterwards. To be called once.
    func stop() async {
        var byte: UInt8 = 1
        _ = write(bell.writing, &byte, 1)
        await ended.value
        close(bell.reading)
        close(bell.writing)
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    // MARK: The thread

    private func run(_ first: UnixSocket?) {
        var socket = first
        var desk = LibvirtDesk()
        var hasComplained = false
        var isWorkLeft = false
        while true {
            let answers = source.current()
            let isUp = answers.world.isDaemonUp(at: answers.moment)
            if !isUp, let listening = socket {
                logger.info("libvirtd starts anew", ["connections": desk.clients.count])
                listening.end()
                socket = nil
                for client in desk.clients.values { close(client.descriptor) }
                desk.removeAll()
            } else if isUp, socket == nil {
                do throws(Failure) {
                    socket = try UnixSocket(path: path)
                    hasComplained = false
                } catch {
                    if !hasComplained { logger.warn("simulated libvirtd does not come back", ["error": error]) }
                    hasComplained = true
                }
            }
            desk.tick(answers, now: Self.now)
            isWorkLeft = serve(&desk, answers)
            let rings = wait(&desk, socket, isWorkLeft: isWorkLeft)
            if rings { break }
        }
        for client in desk.clients.values { close(client.descriptor) }
        socket?.end()
        ended.give(())
    }

    /// Takes what clients have sent, each in its turn, and says goodbye. Returns whether something is left to take.
    private func serve(_ desk: inout LibvirtDesk, _ answers: LibvirtAnswers) -> Bool {
        var isWorkLeft = false
        for number in desk.clients.keys.sorted() {
            var taken = 0
            while taken < Self.turnLimit, desk.takeMessage(of: number, answers, now: Self.now) { taken += 1 }
            isWorkLeft = isWorkLeft || taken == Self.turnLimit
            send(to: number, &desk)
        }
        for (number, reason) in desk.takeGoodbyes() { end(number, &desk, reason) }
        return isWorkLeft
    }

    /// Waits for the bell, newcomers, what is sent and room to send to. Returns whether the bell rings.
    private func wait(_ desk: inout LibvirtDesk, _ socket: UnixSocket?, isWorkLeft: Bool) -> Bool {
        let numbers = desk.clients.keys.sorted()
        var waiting = [pollfd(fd: bell.reading, events: Int16(POLLIN), revents: 0)]
        // A negative descriptor is passed over.
        let hasRoom = numbers.count < Self.clientLimit
        waiting.append(pollfd(fd: hasRoom ? socket?.descriptor ?? -1 : -1, events: Int16(POLLIN), revents: 0))
        for number in numbers {
            guard let client = desk.clients[number] else { continue }
            let events = (client.isHeard ? POLLIN : 0) | (client.unread > 0 ? POLLOUT : 0)
            waiting.append(pollfd(fd: client.descriptor, events: Int16(events), revents: 0))
        }
        guard poll(&waiting, nfds_t(waiting.count), isWorkLeft ? 0 : Self.tickMilliseconds) > 0 else { return false }
        if waiting[0].revents != 0 { return true }
        for (place, number) in zip(waiting[2...], numbers) where place.revents != 0 {
            let events = Int32(place.revents)
            if events & POLLIN != 0 {
                receive(from: number, &desk)
            } else if events & (POLLHUP | POLLERR) != 0 {
                end(number, &desk, nil)
            }
            if events & POLLOUT != 0 { send(to: number, &desk) }
        }
        if let socket, waiting[1].revents != 0 { accept(socket, &desk) }
        return false
    }

    private func accept(_ socket: UnixSocket, _ desk: inout LibvirtDesk) {
        while desk.clients.count < Self.clientLimit, let descriptor = socket.accept() {
            _ = desk.add(descriptor: descriptor, now: Self.now)
        }
    }

    private func receive(from number: Int, _ desk: inout LibvirtDesk) {
        guard let client = desk.clients[number] else { return }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkBytes, alignment: 8)
        defer { room.deallocate() }
        let count = recv(client.descriptor, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
        if count > 0 {
            desk.receive(UnsafeRawBufferPointer(rebasing: room[..<count]), from: number, now: Self.now)
            let waiting = desk.clients.values.reduce(0) { $0 + $1.input.count }
            if waiting > Self.inputLimit, let longest = desk.clients.values.max(by: { $0.input.count < $1.input.count }) {
                end(longest.number, &desk, "all clients have sent \(waiting) bytes without an end, and it most of them")
            }
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            end(number, &desk, nil)
        }
    }

    private func send(to number: Int, _ desk: inout LibvirtDesk) {
        guard let client = desk.clients[number] else { return }
        if client.unread > 0 {
            let count = client.withUnread {
                Glibc.send(client.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                desk.hasSent(count, to: number)
            } else if count < 0, errno != EAGAIN, errno != EINTR {
                end(number, &desk, nil)
                return
            }
        }
        guard let client = desk.clients[number] else { return }
        if client.unread > LibvirtClient.outputLimit {
            end(number, &desk, "it does not read: \(client.unread) bytes wait for it")
        } else if client.isLeaving, client.unread == 0 {
            end(number, &desk, nil)
        }
    }

    /// - Parameter reason: nil for one that has gone by itself.
    private func end(_ number: Int, _ desk: inout LibvirtDesk, _ reason: String?) {
        guard let client = desk.clients[number] else { return }
        if let reason { logger.warn("libvirt client closed", ["client": number, "because": reason]) }
        close(client.descriptor)
        desk.remove(number)
    }
}

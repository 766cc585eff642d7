import Glibc
import Primitives
import Testing

@testable import Stack

@Suite struct SocketPlaceTests {
    private static let mostBytes = 107

    /// A state directory below which the socket's path has so many bytes.
    private func stateDirectory(pathBytes: Int) -> String {
        "/" + String(repeating: "d", count: pathBytes - "//libvirt/libvirt-sock".utf8.count)
    }

    @Test func aSocketLiesInTheStateDirectoryAsLongAsItsPathAllows() {
        let state = stateDirectory(pathBytes: Self.mostBytes)
        let place = StackPlan.SocketPlace(stateDirectory: state, StatePaths.hypervisorSocket)
        #expect(place.path == state + "/libvirt/libvirt-sock" && place.path.utf8.count == Self.mostBytes)
        #expect(place.ownFolder == nil)
    }

    @Test func elsewhereItHasAFolderOfItsOwnWithAShortPath() throws {
        let state = stateDirectory(pathBytes: Self.mostBytes + 1)
        let place = StackPlan.SocketPlace(stateDirectory: state, StatePaths.hypervisorSocket, temporaryDirectory: "/t")
        let folder = try #require(place.ownFolder)
        #expect(place.path == folder + "/libvirt-sock" && folder.hasPrefix("/t/martlet-\(geteuid())-") && place.path.utf8.count < 50)
        // The same at each start, and another of another stack.
        #expect(place == StackPlan.SocketPlace(stateDirectory: state, StatePaths.hypervisorSocket, temporaryDirectory: "/t"))
        #expect(place != StackPlan.SocketPlace(stateDirectory: state + "e", StatePaths.hypervisorSocket, temporaryDirectory: "/t"))
    }

    /// What would have to be escaped in the URI that leads there.
    @Test(arguments: ["/my state", "/état", "/a&b", "/100%", "/a#b", "/a?b", "/a+b", "/a;b"])
    func aPathThatNoURITakesIsNotUsed(state: String) {
        let place = StackPlan.SocketPlace(stateDirectory: state, StatePaths.hypervisorSocket)
        #expect(place.ownFolder != nil && !place.path.contains(state))
    }

    @Test func theFolderGoesWithWhatIsInIt() throws {
        let directory = try TemporaryDirectory()
        let place = StackPlan.SocketPlace(
            stateDirectory: stateDirectory(pathBytes: 200), StatePaths.hypervisorSocket, temporaryDirectory: directory.path)
        let folder = try #require(place.ownFolder)
        do {
            let made = try SocketFolder(place)
            var status = stat()
            #expect(stat(folder, &status) == 0 && status.st_mode & 0o777 == 0o700)
            try Files.write([], to: place.path, mode: 0o600)
            made.remove()
            #expect(!Files.exists(folder))
            made.remove()
        }
        // Of one that was killed: the next takes its folder over.
        try Files.makeDirectory(folder, mode: 0o700)
        try Files.write([], to: place.path, mode: 0o600)
        do { _ = try SocketFolder(place) }
        #expect(!Files.exists(folder))
    }

    /// Each removes its socket, and whoever is last the folder.
    @Test func socketsOfAStackShareTheFolder() throws {
        let directory = try TemporaryDirectory()
        let state = stateDirectory(pathBytes: 200)
        let names = [StatePaths.hypervisorSocket, StatePaths.providerSocket("simulated"), StatePaths.providerSocket("libvirt")]
        let places = names.map { StackPlan.SocketPlace(stateDirectory: state, $0, temporaryDirectory: directory.path) }
        let folder = try #require(places.first?.ownFolder)
        #expect(Set(places.map(\.path)).count == 3 && places.allSatisfy { $0.ownFolder == folder })
        let made = try places.map { try SocketFolder($0) }
        for place in places { try Files.write([], to: place.path, mode: 0o600) }
        for (index, one) in made.enumerated() {
            one.remove()
            #expect(Files.exists(folder) == (index < 2))
        }
    }

    @Test func aFolderOfOthersIsNotUsedAndStays() throws {
        let directory = try TemporaryDirectory()
        let place = StackPlan.SocketPlace(
            stateDirectory: stateDirectory(pathBytes: 200), StatePaths.hypervisorSocket, temporaryDirectory: directory.path)
        let folder = try #require(place.ownFolder)
        try Files.makeDirectory(folder, mode: 0o700)
        chmod(folder, 0o777)
        let message = failure { _ = try SocketFolder(place) }
        #expect(message?.contains(folder) == true && message?.contains("--simulate.domains 0") == true)
        #expect(Files.exists(folder))
    }

    @Test func belowTheStateDirectoryNothingIsMadeOrRemoved() throws {
        let directory = try TemporaryDirectory()
        let place = StackPlan.SocketPlace.hypervisor(stateDirectory: directory.path)
        try SocketFolder(place).remove()
        #expect(!Files.exists(directory.file("libvirt")) && Files.exists(directory.path))
    }
}

//! A recording as Opus in an Ogg file (RFC 7845): two tracks, each coded by itself.
//!
//! Promises: caller left, agent right, and nothing of the one in the other, for they share no stream; a file is as long as
//! the call, to the sample; it has its name once it is whole and on disk, and the WAV it was made from goes after that;
//! what a killed process left half coded is found by whoever comes next.
//! Never: holds more than a page; works while the call runs: coding costs a multiple of what a call does.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use audiopus::coder::Encoder;
use audiopus::{Application, Bitrate, Channels, SampleRate};
use ogg::{PacketWriteEndInfo, PacketWriter};

use crate::core::base::{Fault, LINE_RATE_HZ, Owner};

/// Samples of one packet: 60 ms, the longest frame that is one piece, and the cheapest.
const FRAME: usize = 480;
/// Packets of one page: a second, where a player may begin.
const PAGE_FRAMES: u32 = 17;
/// Per track, in bits a second: telephone speech is not told from the original; pauses take a tenth.
const BITRATE: i32 = 16_000;
/// The encoder's least effort. More costs up to three times the processor and gains 0.3 dB at this rate.
const COMPLEXITY: u8 = 0;
/// More than 60 ms of speech ever take (120 bytes on average).
const PACKET_MAX: usize = 600;
/// After so many frames of nothing the encoder has come to rest: what it gave last is what it would give again.
const AT_REST: u32 = 4;
/// Positions in Ogg count at 48 kHz, whatever the rate of the sound.
const TICKS: u64 = 48_000 / LINE_RATE_HZ as u64;

/// How a recording is called that is not whole yet.
const PART: &str = "opus.part";

/// Codes a recording for as long as it `goes_on`, which is asked every second of it; its WAV is gone then. `None` where
/// it was stopped before. What is not whole yet is called `.opus.part`, and there while the WAV is locked.
///
/// # Errors
/// The WAV cannot be read or locked, or the file cannot be written: the WAV stays.
pub fn to_opus(wav: &Path, goes_on: &dyn Fn() -> bool) -> Result<Option<PathBuf>, Fault> {
    let opus = wav.with_extension("opus");
    let unwritten = |error: io::Error| {
        let what = format!("{}: {error}; the recording stays what it is, {}", opus.display(), wav.display());
        Fault::new(Owner::Admin, what, "check the folder, its permissions and the free space")
    };
    let mut recording = super::wav::open_recording(wav)?;
    let locked = open(wav).map_err(unwritten)?;
    // Nobody holds it for long: whoever looks for parts.
    locked.lock().map_err(unwritten)?;
    let part = Part(wav.with_extension(PART));
    let coded = OpusFile::create(&part.0).and_then(|mut file| {
        let mut samples = recording.samples::<i16>();
        while let (Some(left), Some(right)) = (samples.next(), samples.next()) {
            file.write([left.map_err(io::Error::other)?, right.map_err(io::Error::other)?])?;
            if file.given.is_multiple_of(u64::from(LINE_RATE_HZ)) && !goes_on() {
                return Ok(false);
            }
        }
        file.finish().map(|()| true)
    });
    if !coded.map_err(unwritten)? {
        return Ok(None);
    }
    fs::rename(&part.0, &opus).and_then(|()| fs::remove_file(wav)).map_err(unwritten)?;
    Ok(Some(opus))
}

/// Removes from a folder of recordings what killed processes left half coded; says what. Another process that is coding
/// there keeps its own: it holds the lock of the WAV.
///
/// # Errors
/// The folder cannot be read, or something that nobody codes cannot be removed.
pub fn remove_parts(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let fault = |error: io::Error, path: &Path| {
        let remedy = "let centralita write to the folder of recordings, and remove what ends in .opus.part by hand: it is sound \
                      of a call";
        Fault::new(Owner::Admin, format!("{}: {error}", path.display()), remedy)
    };
    let mut removed = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| fault(error, folder))? {
        let part = entry.map_err(|error| fault(error, folder))?.path();
        let Some(name) = part.to_str().and_then(|path| path.strip_suffix(&format!(".{PART}"))) else {
            continue;
        };
        // Without its WAV it is nobody's: that goes last, when the part has its name.
        let wav = open(Path::new(&format!("{name}.wav")));
        // Without its WAV it is nobody's: that goes last, when the part has its name.
        let _locked = match wav.and_then(|wav| wav.try_lock().map(|()| wav).map_err(io::Error::from)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            other => Some(other.map_err(|error| fault(error, &part))?),
        };
        match fs::remove_file(&part) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map(|()| removed.push(part.clone())).map_err(|error| fault(error, &part))?,
        }
    }
    Ok(removed)
}

/// A WAV, to be locked: who has the lock codes it, or sees that nobody does. The system takes it back when the process
/// ends, however it does.
fn open(wav: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(wav)
}

/// A file that is not whole. It goes unless it gets its name, even behind a panic.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // It may not be there, and nothing is lost with it.
        let _ = fs::remove_file(&self.0);
    }
}

/// A file being written.
struct OpusFile {
    pages: PacketWriter<'static, BufWriter<File>>,
    serial: u32,
    tracks: [Track; 2],
    /// Samples a decoder gives before the first of ours.
    lookahead: u64,
    /// Samples of each track so far: given, and in packets.
    given: u64,
    coded: u64,
    /// Packets since the last page.
    packets: u32,
}

/// One side of the call.
struct Track {
    encoder: Encoder,
    /// What is not coded yet, less than a frame.
    frame: Vec<i16>,
    /// Frames in which nothing sounded, up to now.
    quiet: u32,
    /// The last frame, coded.
    packet: Vec<u8>,
}

impl Track {
    fn new() -> Result<Track, audiopus::Error> {
        let mut encoder = Encoder::new(SampleRate::Hz8000, Channels::Mono, Application::Voip)?;
        encoder.set_bitrate(Bitrate::BitsPerSecond(BITRATE))?;
        encoder.set_complexity(COMPLEXITY)?;
        Ok(Track { encoder, frame: Vec::with_capacity(FRAME), quiet: 0, packet: Vec::new() })
    }

    /// The frame as a packet. Who listens sends nothing, for half of a call: that is not coded again and again.
    fn code(&mut self) -> Result<&[u8], audiopus::Error> {
        self.quiet = if self.frame.iter().all(|sample| *sample == 0) { self.quiet + 1 } else { 0 };
        if self.quiet <= AT_REST {
            self.packet.resize(PACKET_MAX, 0);
            let length = self.encoder.encode(&self.frame, &mut self.packet)?;
            self.packet.truncate(length);
        }
        self.frame.clear();
        Ok(&self.packet)
    }
}

impl OpusFile {
    /// Begins a file; one that exists is replaced.
    fn create(path: &Path) -> io::Result<OpusFile> {
        let tracks = [Track::new().map_err(coder)?, Track::new().map_err(coder)?];
        let lookahead = u64::from(tracks[0].encoder.lookahead().map_err(coder)?);
        let mut file = OpusFile {
            pages: PacketWriter::new(BufWriter::new(File::create(path)?)),
            serial: uuid::Uuid::new_v4().as_fields().0,
            tracks,
            lookahead,
            given: 0,
            coded: 0,
            packets: 0,
        };
        file.page(head(lookahead * TICKS))?;
        file.page(tags())?;
        Ok(file)
    }

    /// One sample of each track.
    fn write(&mut self, both: [i16; 2]) -> io::Result<()> {
        self.tracks.iter_mut().zip(both).for_each(|(track, sample)| track.frame.push(sample));
        self.given += 1;
        if self.tracks[0].frame.len() < FRAME {
            return Ok(());
        }
        let position = (self.coded + FRAME as u64) * TICKS;
        let ends = self.packets + 1 == PAGE_FRAMES;
        self.encode(
            if ends { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket },
            position,
        )
    }

    /// Codes what is left, closes the stream, and waits for the disk.
    fn finish(mut self) -> io::Result<()> {
        let all = self.given + self.lookahead;
        // At least one more: what was given last is still in the encoder.
        while self.coded < all {
            self.tracks.iter_mut().for_each(|track| track.frame.resize(FRAME, 0));
            let rest = self.coded + FRAME as u64 >= all;
            let (end, position) = if rest {
                (PacketWriteEndInfo::EndStream, all)
            } else {
                (PacketWriteEndInfo::NormalPacket, self.coded + FRAME as u64)
            };
            self.encode(end, position * TICKS)?;
        }
        let file = self.pages.inner_mut();
        file.flush()?;
        file.get_ref().sync_all()
    }

    /// Codes one frame of both tracks as one packet. `position` is where it ends.
    fn encode(&mut self, end: PacketWriteEndInfo, position: u64) -> io::Result<()> {
        let mut packet = Vec::with_capacity(PACKET_MAX);
        let [caller, agent] = &mut self.tracks;
        // All streams of a packet but the last say how long they are.
        delimited(caller.code().map_err(coder)?, &mut packet)?;
        packet.extend(agent.code().map_err(coder)?);
        self.coded += FRAME as u64;
        self.packets = if end == PacketWriteEndInfo::NormalPacket { self.packets + 1 } else { 0 };
        self.pages.write_packet(packet, self.serial, end, position)
    }

    /// A header, on a page of its own.
    fn page(&mut self, header: Vec<u8>) -> io::Result<()> {
        self.pages.write_packet(header, self.serial, PacketWriteEndInfo::EndPage, 0)
    }
}

fn coder(error: audiopus::Error) -> io::Error {
    io::Error::other(format!("the Opus encoder failed: {error}"))
}

/// `OpusHead`: two channels in mapping family 1, as two streams of one channel each. Coupled as stereo they would be
/// predicted from one another, and heard in one another.
fn head(pre_skip: u64) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x02".to_vec();
    head.extend(u16::try_from(pre_skip).unwrap_or(u16::MAX).to_le_bytes());
    head.extend(LINE_RATE_HZ.to_le_bytes());
    let (gain, family, streams, coupled) = ([0, 0], 1, 2, 0);
    head.extend(gain);
    head.extend([family, streams, coupled, 0, 1]);
    head
}

/// `OpusTags`: who wrote it, and no comments.
fn tags() -> Vec<u8> {
    const VENDOR: &[u8; 10] = b"centralita";
    let mut tags = b"OpusTags".to_vec();
    tags.extend((VENDOR.len() as u32).to_le_bytes());
    tags.extend(VENDOR);
    tags.extend(0_u32.to_le_bytes());
    tags
}

/// A packet of one frame with its length in it (RFC 6716, appendix B).
fn delimited(packet: &[u8], to: &mut Vec<u8>) -> io::Result<()> {
    const ONE_BYTE_MAX: usize = 251;
    let Some((kind, frame)) = packet.split_first().filter(|(kind, _)| **kind & 3 == 0) else {
        return Err(io::Error::other("the Opus encoder gave more than one frame"));
    };
    to.push(*kind);
    if frame.len() <= ONE_BYTE_MAX {
        to.push(frame.len() as u8);
    } else {
        let first = 252 + (frame.len() & 3);
        to.extend([first as u8, ((frame.len() - first) / 4) as u8]);
    }
    to.extend(frame);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::wav::spec;
    use audiopus::coder::Decoder;
    use ogg::PacketReader;

    use super::*;

    /// What a player makes of a file: both tracks at the line's rate, and whether the stream was closed. Every page is
    /// held against its checksum.
    fn played(path: &Path) -> ([Vec<i16>; 2], bool) {
        let mut packets = PacketReader::new(File::open(path).expect("it was made by this test"));
        let head = packets.read_packet_expected().expect("the first page is whole").data;
        assert_eq!(
            (&head[..10], &head[12..]),
            (&b"OpusHead\x01\x02"[..], &b"\x40\x1f\0\0\0\0\x01\x02\0\0\x01"[..])
        );
        let skip = usize::from(u16::from_le_bytes([head[10], head[11]])) / TICKS as usize;
        let tags = packets.read_packet_expected().expect("the second page is whole").data;
        assert!(tags.starts_with(b"OpusTags"));
        let decoder =
            || Decoder::new(SampleRate::Hz8000, Channels::Mono).expect("the library makes decoders");
        let mut tracks = [(decoder(), Vec::new()), (decoder(), Vec::new())];
        let mut end = 0;
        let mut closed = false;
        while let Ok(Some(packet)) = packets.read_packet() {
            let (one, other) = split(&packet.data);
            for ((decoder, track), coded) in tracks.iter_mut().zip([one, other]) {
                let mut sound = [0; FRAME];
                let packet = (&coded).try_into().expect("no stream is empty");
                let signal = (&mut sound[..]).try_into().expect("there is room");
                assert_eq!(decoder.decode(Some(packet), signal, false), Ok(FRAME));
                track.extend(sound);
            }
            closed = packet.last_in_stream();
            if packet.last_in_page() {
                let position = packet.absgp_page() / TICKS;
                assert!(
                    closed || position == tracks[0].1.len() as u64,
                    "a page ends where its last packet does"
                );
                end = usize::try_from(position).expect("it is short");
            }
        }
        (tracks.map(|(_, track)| track.get(skip..end).unwrap_or_default().to_vec()), closed)
    }

    /// A packet into its two streams.
    fn split(packet: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (length, from) = match usize::from(packet[1]) {
            short @ 0..252 => (short, 2),
            long => (long + 4 * usize::from(packet[2]), 3),
        };
        let first = [&packet[..1], &packet[from..from + length]].concat();
        (first, packet[from + length..].to_vec())
    }

    fn path(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("centralita-{name}-{}.opus", uuid::Uuid::new_v4()))
    }

    /// A tone a telephone carries well.
    fn tone(at: usize, hz: usize) -> i16 {
        let turns = (at * hz) as f64 / f64::from(LINE_RATE_HZ);
        ((turns * std::f64::consts::TAU).sin() * 8_000.0) as i16
    }

    fn energy(sound: &[i16]) -> f64 {
        sound.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / sound.len().max(1) as f64
    }

    #[test]
    fn each_track_comes_back_at_its_place_and_on_its_side_alone() {
        let path = path("sides");
        let mut file = OpusFile::create(&path).expect("a temporary folder can be written");
        for at in 0..24_000 {
            let caller = if (4_000..12_000).contains(&at) { tone(at, 440) } else { 0 };
            let agent = if (16_000..20_000).contains(&at) { tone(at, 700) } else { 0 };
            file.write([caller, agent]).expect("the disk takes it");
        }
        file.finish().expect("the disk takes it");
        let ([caller, agent], closed) = played(&path);
        assert!(
            closed && caller.len() == 24_000 && agent.len() == 24_000,
            "{} {}",
            caller.len(),
            agent.len()
        );
        assert!(energy(&caller[4_400..11_600]) > 1e7 && energy(&agent[16_400..19_600]) > 1e7);
        // To within 5 ms of where it was.
        assert!(energy(&caller[..3_960]) < 100.0 && energy(&agent[..15_960]) < 100.0);
        assert!(energy(&caller[13_000..]) < 100.0 && energy(&agent[21_000..]) < 100.0);
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[test]
    fn a_finished_file_is_as_long_as_the_call_to_the_sample() {
        for length in [0, 1, 427, 428, 429, 479, 480, 481, 8_160, 8_161, 20_000] {
            let path = path("length");
            let mut file = OpusFile::create(&path).expect("a temporary folder can be written");
            (0..length).try_for_each(|at| file.write([tone(at, 440); 2])).expect("the disk takes it");
            file.finish().expect("the disk takes it");
            let ([caller, agent], closed) = played(&path);
            assert_eq!((caller.len(), agent.len(), closed), (length, length, true));
            std::fs::remove_file(path).expect("it was made by this test");
        }
    }

    #[test]
    fn a_track_on_which_nothing_sounds_is_coded_once_and_what_comes_after_is_as_it_would_be() {
        let tracks = [path("rests"), path("goes-on")].map(|path| {
            let mut file = OpusFile::create(&path).expect("a temporary folder can be written");
            let mut coded = 0;
            for at in 0..80_000 {
                let sample = if (20_000..60_000).contains(&at) { 0 } else { tone(at, 440) };
                file.write([sample, tone(at, 700)]).expect("the disk takes it");
                if file.tracks[0].frame.is_empty() {
                    coded += u32::from(file.tracks[0].quiet <= AT_REST);
                    // The other file's encoder never rests.
                    let rests = path.display().to_string().contains("rests");
                    file.tracks[0].quiet = if rests { file.tracks[0].quiet } else { 0 };
                }
            }
            file.finish().expect("the disk takes it");
            let ([track, _], _) = played(&path);
            std::fs::remove_file(path).expect("it was made by this test");
            (track, coded)
        });
        let [(rested, few), (whole, all)] = tracks;
        assert!(few + 70 < all, "{few} of {all} frames were coded");
        assert!(energy(&rested[21_000..60_000]) < 1.0, "nothing sounds where nothing was said");
        let ratio = energy(&rested[60_000..]) / energy(&whole[60_000..]);
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
        let off: Vec<i16> = rested[60_000..].iter().zip(&whole[60_000..]).map(|(a, b)| a - b).collect();
        let loud = energy(&whole[60_000..]);
        assert!(energy(&off) < loud / 20.0, "{} of {loud}", energy(&off));
    }

    #[test]
    fn a_recording_becomes_opus_with_the_same_tracks_and_its_wav_goes_when_it_is_whole() {
        let wav = path("whole").with_extension("wav");
        let mut file = hound::WavWriter::create(&wav, spec(2)).expect("a temporary folder can be written");
        for at in 0..40_000 {
            let caller = if at < 20_000 { tone(at, 440) } else { 0 };
            let agent = if at < 20_000 { 0 } else { tone(at, 700) };
            [caller, agent].iter().for_each(|side| file.write_sample(*side).expect("the disk takes it"));
        }
        file.finalize().expect("the disk takes it");
        let opus = to_opus(&wav, &|| true).expect("it is a recording").expect("nobody stops it");
        let ([caller, agent], closed) = played(&opus);
        assert!(closed && caller.len() == 40_000 && agent.len() == 40_000);
        assert!(energy(&caller[..19_000]) > 1e7 && energy(&agent[..19_000]) < 100.0);
        assert!(energy(&caller[21_000..]) < 100.0 && energy(&agent[21_000..]) > 1e7);
        assert!(!wav.exists() && !wav.with_extension("opus.part").exists());
        std::fs::remove_file(opus).expect("it was made by this test");
    }

    #[test]
    fn what_cannot_be_coded_stays_a_wav() {
        let folder = path("nowhere").with_extension("");
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        let wav = folder.join("CA1.wav");
        let mut file = hound::WavWriter::create(&wav, spec(2)).expect("a temporary folder can be written");
        (0..2_000).for_each(|_| file.write_sample(1).expect("the disk takes it"));
        file.finalize().expect("the disk takes it");
        // What stands at the file's place cannot be replaced.
        std::fs::create_dir(folder.join("CA1.opus")).expect("a temporary folder can be made");
        let fault = to_opus(&wav, &|| true).unwrap_err();
        assert!(fault.what.contains("stays what it is") && wav.is_file(), "{fault}");
        assert!(!folder.join("CA1.opus.part").exists());
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }

    /// A recording of that many seconds in a folder of its own.
    fn recording(name: &str, seconds: u32) -> std::path::PathBuf {
        let folder = path(name).with_extension("");
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        let wav = folder.join("CA1.wav");
        let mut file = hound::WavWriter::create(&wav, spec(2)).expect("a temporary folder can be written");
        (0..seconds * 2 * LINE_RATE_HZ).for_each(|_| file.write_sample(1).expect("the disk takes it"));
        file.finalize().expect("the disk takes it");
        wav
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("it was made by this test");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("it is read").file_name();
        let mut names: Vec<String> =
            entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn coding_that_is_told_to_stop_leaves_the_wav_and_nothing_else() {
        let wav = recording("stopped", 5);
        let folder = wav.parent().expect("it lies in a folder");
        let seconds = std::cell::Cell::new(0);
        let goes_on = || {
            assert_eq!(names(folder), ["CA1.opus.part", "CA1.wav"]);
            seconds.set(seconds.get() + 1);
            seconds.get() < 3
        };
        assert_eq!(to_opus(&wav, &goes_on), Ok(None));
        assert_eq!((seconds.get(), names(folder)), (3, vec!["CA1.wav".to_owned()]));
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }

    #[test]
    fn coding_that_panics_leaves_the_wav_and_nothing_else() {
        let wav = recording("panics", 2);
        let folder = wav.parent().expect("it lies in a folder");
        let panics = || panic!("in the middle of it");
        assert!(std::panic::catch_unwind(|| to_opus(&wav, &panics)).is_err());
        assert_eq!(names(folder), ["CA1.wav"]);
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }

    #[test]
    fn what_a_killed_process_left_half_coded_is_removed_and_what_another_is_coding_is_not() {
        let wav = recording("parts", 2);
        let folder = wav.parent().expect("it lies in a folder");
        // One whose WAV was removed, one that was killed.
        for left in ["CA1.opus.part", "CA2.opus.part", "CA3.opus.part"] {
            std::fs::write(folder.join(left), "a call's sound").expect("the disk takes it");
        }
        std::fs::write(folder.join("CA3.wav"), "").expect("the disk takes it");
        // Whoever looks while this one is coded: another handle is as good as another process.
        let goes_on = || {
            let mut removed = remove_parts(folder).expect("the folder can be read");
            removed.sort();
            assert_eq!(removed, ["CA2.opus.part", "CA3.opus.part"].map(|name| folder.join(name)));
            assert_eq!(names(folder), ["CA1.opus.part", "CA1.wav", "CA3.wav"]);
            false
        };
        assert_eq!(to_opus(&wav, &goes_on), Ok(None));
        let fault = remove_parts(&folder.join("nowhere")).unwrap_err();
        assert!(fault.remedy.contains(".opus.part by hand"), "{fault}");
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }

    #[test]
    fn a_frame_of_any_length_is_found_again_behind_its_length() {
        for length in 0..PACKET_MAX {
            let packet: Vec<u8> = [8].into_iter().chain((0..length).map(|n| n as u8)).collect();
            let mut both = Vec::new();
            delimited(&packet, &mut both).expect("it is one frame");
            both.extend([8, 1, 2]);
            assert_eq!(split(&both), (packet, vec![8, 1, 2]), "{length}");
        }
        assert!(delimited(&[9, 0], &mut Vec::new()).is_err() && delimited(&[], &mut Vec::new()).is_err());
    }
}

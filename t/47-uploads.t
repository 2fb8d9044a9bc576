#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Resumable uploads by tus 1.0.0: what came stays, over aborts and restarts,
# and is stored like a STOW request when it is whole.

use strict;
use warnings;

use lib 't/lib';

use IO::Socket::INET;
use MIME::Base64 'encode_base64';
use Pacs;
use Test::More;

my $samples = samples();
my $pacs = Pacs->new(listener => 0, conf_http => 'pacs_limit_uploads 3;');
my @ct = (native())[0 .. 3];
my %tus = ('Tus-Resumable' => '1.0.0');


sub request {
    my ($method, $path, $headers, $content) = @_;

    return $pacs->http($method, $path, {
        headers => { %tus, %$headers },
        defined $content ? (content => $content) : ()
    });
}


sub create {
    my ($length, %metadata) = @_;
    my $text = join ',', map { "$_ " . encode_base64($metadata{$_}, '') }
        sort keys %metadata;

    return request('POST', '/dicom-web/uploads', {
        'Upload-Length' => $length, $text ? ('Upload-Metadata' => $text) : ()
    });
}


sub patch {
    my ($url, $offset, $content) = @_;

    return request('PATCH', $url, {
        'Content-Type' => 'application/offset+octet-stream',
        'Upload-Offset' => $offset
    }, $content);
}


sub offset { return request('HEAD', $_[0], {})->{headers}{'upload-offset'} }


my $dcm = slurp($ct[0]);
my $r = $pacs->http('OPTIONS', '/dicom-web/uploads');

is($r->{status}, 204, 'OPTIONS');
is($r->{headers}{'tus-version'}, '1.0.0', '... the version');
is($r->{headers}{'tus-extension'}, 'creation,expiration,termination',
   '... and the extensions');

$r = create(length $dcm);
is($r->{status}, 201, 'created') or diag $r->{content};
my $url = $r->{headers}{location};
like($url, qr{^http://127.0.0.1:\d+/dicom-web/uploads/[0-9a-f]{32}$},
     '... here');
is($r->{headers}{'tus-resumable'}, '1.0.0', '... by the protocol');
like($r->{headers}{'upload-expires'}, qr/GMT$/, '... until then');
is(offset($url), 0, '... empty');

$r = patch($url, 0, substr $dcm, 0, 5000);
is($r->{status}, 204, 'a piece');
is($r->{headers}{'upload-offset'}, 5000, '... came');
is(patch($url, 0, 'x')->{status}, 409, 'another offset: 409');
is(request('PATCH', $url, { 'Upload-Offset' => 5000 }, 'x')->{status}, 415,
   'another Content-Type: 415');
is($pacs->http('PATCH', $url, { content => 'x' })->{status}, 412,
   'without Tus-Resumable: 412');
is(json(patch($url, 0, 'x')->{content})->{status}, 409, '... said in the body');
$r = $pacs->http('PATCH', $url, { content => 'x' });
is(json($r->{content})->{status}, 412, '... 412 too');
is($r->{headers}{'tus-version'}, '1.0.0', '... with the version spoken');
is(offset($url), 5000, 'nothing of that counts');
$r = request('HEAD', $url, {});
like($r->{headers}{'cache-control'}, qr/^no-store$/, 'HEAD is not cached');
is($r->{headers}{'upload-length'}, length $dcm, '... says the length');
is($r->{headers}{'upload-metadata'}, undef, '... no metadata');
is($pacs->http('POST', $url, { content => '', headers => { %tus,
       'X-HTTP-Method-Override' => 'HEAD' } })->{headers}{'upload-offset'},
   5000, 'X-HTTP-Method-Override');
is(request('HEAD', "$url$_", {})->{headers}{'tus-resumable'}, '1.0.0',
   "an error has Tus-Resumable, too: $_") for '0', '/x';

# a connection that breaks: what came stays
my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$pacs->{port}");
my ($path) = $url =~ m{(/dicom-web/.*)};
print $s "PATCH $path HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
    . "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 5000"
    . "\r\nContent-Length: " . (length($dcm) - 5000) . "\r\n\r\n"
    . substr $dcm, 5000, 10000;
ok(wait_until('the bytes', sub { offset($url) == 15000 }), 'they are there');
$r = patch($url, 15000, 'x');
is($r->{status}, 423, 'while one writes, another one is locked out');
is(json($r->{content})->{status}, 423, '... said in the body');
is(request('DELETE', $url, {})->{status}, 423, '... and none ends it');
close $s;
ok(wait_until('the writer is gone',
              sub { patch($url, 15000, '')->{status} == 204 }),
   'the connection breaks off: what came stays');

$pacs->stop('nginx');
$pacs->start_nginx;
$url =~ s/:\d+/:$pacs->{port}/;
is(offset($url), 15000, 'after a restart too');

$r = patch($url, 15000, substr $dcm, 15000);
is($r->{status}, 200, 'the rest: stored') or diag $r->{content};
my $stored = json($r->{content})->{'00081199'}{Value}[0];
is($pacs->get($stored->{'00081190'}{Value}[0] . '/metadata')->{status}, 200,
   '... the answer is STOW\'s');
is(request('HEAD', $url, {})->{status}, 404, '... and the upload is over');

# a multipart body of two, to another study
my ($type, $body) = multipart(map { slurp($_) } @ct[1, 2]);
$url = create(length $body, filetype => $type)->{headers}{location};
$r = patch($url, 0, $body);
is($r->{status}, 200, 'a multipart body at once');
is(@{json($r->{content})->{'00081199'}{Value}}, 2, '... of two');

$url = create(length $dcm, study => '1.2.3')->{headers}{location};
$r = patch($url, 0, $dcm);
is($r->{status}, 202, 'to a study that it is not of: not stored');
is(json($r->{content})->{'00081198'}{Value}[0]{'00081197'}{Value}[0], 0xA901,
   '... and told');

# limits
$url = create(10)->{headers}{location};
is(patch($url, 0, 'x' x 11)->{status}, 413, 'more than its length: 413');
is(request('DELETE', $url, {})->{status}, 204, 'terminated');
is(request('HEAD', $url, {})->{status}, 404, '... is gone');
is(create('1x')->{status}, 400, 'a length that is none: 400');
is(create(0)->{status}, 400, 'nothing is no instance: 400');
is(request('HEAD', create(1, filetype => 'application/dicom')->{headers}
                       {location}, {})->{headers}{'upload-metadata'},
   'filetype ' . encode_base64('application/dicom', ''),
   'HEAD tells the metadata');
unlink glob "$pacs->{home}/uploads/*";
is(create(1 << 40)->{status}, 413, 'a terabyte: 413');
is(create(1, study => 'x')->{status}, 400, 'a study that is none: 400');
is(create(1)->{status}, 201, 'three') for 1 .. 3;
is(create(1)->{status}, 503, '... are open: no fourth');
is(request('HEAD', '/dicom-web/uploads/../../pacs', {})->{status}, 404,
   'no way out of the folder');
is(request('HEAD', '/dicom-web/uploads/' . 'A' x 32, {})->{status}, 404,
   'no other names');

utime 1, 1, glob "$pacs->{home}/uploads/*";
is(create(1)->{status}, 201, 'what is old goes');
is(scalar(my @left = glob "$pacs->{home}/uploads/*"), 2, '... all of it');

done_testing;

// The files of each environment: the objects as YAML, the other files as text with the name in it.
local objects = import 'objects.libsonnet';
local texts = import 'texts.libsonnet';
local names(count) = ['env%04d' % number for number in std.range(0, count - 1)];

function(count) {
  [name + '/' + path]: std.manifestYamlDoc(objects(name)[path], quote_keys=false) + '\n'
  for name in names(count)
  for path in std.objectFields(objects(''))
} + {
  [name + '/' + path]: std.strReplace(texts[path], 'env0000', name)
  for name in names(count)
  for path in std.objectFields(texts)
}

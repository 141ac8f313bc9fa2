// A chart for each folder of an environment, because a chart has one file for each kind and name. The other files are written as they are.
const fs = require('fs');
const path = require('path');
const { ApiObject, App, Chart, Yaml, YamlOutputType } = require('cdk8s');

const { objects, texts } = JSON.parse(fs.readFileSync('files.json', 'utf8'));
const templates = Object.entries(objects).map(([file, content]) => [file, JSON.stringify(content)]);
const app = new App({ outdir: 'rendered', yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
for (let number = 0; number < Number(process.argv[2]); number++) {
  const name = 'env' + String(number).padStart(4, '0');
  const charts = {};
  const chartOf = (file) => {
    const id = `${name}-${path.dirname(file).replaceAll('/', '-')}`;
    return (charts[id] ??= new Chart(app, id));
  };
  const write = (file, save) => {
    const target = path.join('rendered', name, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    save(target);
  };
  for (const [file, template] of templates) {
    const content = JSON.parse(template.replaceAll('env0000', name));
    if (content.metadata?.name) new ApiObject(chartOf(file), path.basename(file), content);
    else write(file, (target) => Yaml.save(target, [content]));
  }
  for (const [file, template] of Object.entries(texts)) {
    write(file, (target) => fs.writeFileSync(target, template.replaceAll('env0000', name)));
  }
}
app.synth();

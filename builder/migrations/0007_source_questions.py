import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('builder', '0006_library_templates_tags'),
    ]

    operations = [
        migrations.CreateModel(
            name='SourceQuestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('dataset', models.CharField(max_length=40)),
                ('source_id', models.CharField(max_length=200)),
                ('question', models.TextField()),
                ('options', models.JSONField(default=dict)),
                ('answer', models.CharField(max_length=10)),
                ('details', models.JSONField(default=dict)),
                ('sha256', models.CharField(max_length=64)),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='source_question', to='builder.case')),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='source_questions', to='builder.department')),
            ],
            options={
                'ordering': ('pk',),
                'constraints': [models.UniqueConstraint(fields=('department', 'dataset', 'source_id'), name='source_question_once_in_department')],
            },
        ),
    ]
